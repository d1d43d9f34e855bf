import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { prepareTokenizerJson } from './prepare-tokenizer-json.ts'
import { messageOf, TokenizerError } from './tokenizer-error.ts'
import type { TokenizerSpec } from './tokenizer-spec.ts'

const tokenText = z.union([z.string(), z.looseObject({ content: z.string() }).transform(({ content }) => content)])

const addedToken = z.looseObject({
  content: z.string(),
  special: z.boolean().default(false),
  normalized: z.boolean().default(true),
  lstrip: z.boolean().default(false),
  rstrip: z.boolean().default(false),
  single_word: z.boolean().default(false),
})

const tokenizerJson = z.looseObject({
  added_tokens: z.array(addedToken.extend({ id: z.int().nonnegative() })).default([]),
  model: z.looseObject({}),
})

const tokenizerConfig = z.looseObject({
  chat_template: z.union([z.string(), z.array(z.object({ name: z.string(), template: z.string() }))]).nullish(),
  added_tokens_decoder: z.record(z.string(), addedToken).nullish(),
})

const templateJson = z.object({ chat_template: z.string() })
const anyObject = z.looseObject({})

const WHAT_TO_DO = "point it at a model's folder as the hub serves it"
/** The folder of further templates beside `chat_template.jinja`; each is named after its file. */
const MORE_TEMPLATES = 'additional_chat_templates'

/**
 * Reads `tokenizer.json` (required), `tokenizer_config.json`, `special_tokens_map.json`, `chat_template.jinja` or
 * `chat_template.json`, and `additional_chat_templates/*.jinja`. Of two sources for one thing the file of its own wins,
 * as it does in the engines. Throws a TokenizerError about the first file that is missing or broken.
 */
export async function readTokenizerFolder(folder: string): Promise<TokenizerSpec> {
  const json = await readJson(folder, 'tokenizer.json', tokenizerJson)
  if (json === undefined) {
    const found = await describeFolder(folder)
    throw new TokenizerError('files', `${folder}: expected a file tokenizer.json, found ${found}; ${WHAT_TO_DO}`)
  }
  const config = (await readJson(folder, 'tokenizer_config.json', tokenizerConfig)) ?? {}
  const special = (await readJson(folder, 'special_tokens_map.json', anyObject)) ?? {}
  return {
    source: folder,
    json: prepareTokenizerJson(json, config.added_tokens_decoder ?? {}),
    config,
    templates: await readTemplates(folder, config.chat_template ?? undefined),
    specialTokens: { ...specialTokensOf(special), ...specialTokensOf(config) },
  }
}

async function readTemplates(
  folder: string,
  configured: z.output<typeof tokenizerConfig>['chat_template'],
): Promise<Map<string, string>> {
  const templates = new Map<string, string>()
  if (typeof configured === 'string') templates.set('default', configured)
  else for (const { name, template } of configured ?? []) templates.set(name, template)
  const wrapped = await readJson(folder, 'chat_template.json', templateJson)
  if (wrapped !== undefined) templates.set('default', wrapped.chat_template)
  const own = await readText(join(folder, 'chat_template.jinja'))
  if (own !== undefined) templates.set('default', own)
  const more = await readdir(join(folder, MORE_TEMPLATES)).catch(() => [])
  for (const file of more.filter((name) => name.endsWith('.jinja'))) {
    const text = await readText(join(folder, MORE_TEMPLATES, file))
    if (text !== undefined) templates.set(file.slice(0, -'.jinja'.length), text)
  }
  return templates
}

/** The members `..._token` that hold a text, or an object around one. */
function specialTokensOf(settings: Readonly<Record<string, unknown>>): Record<string, string> {
  const tokens: Record<string, string> = {}
  for (const [name, value] of Object.entries(settings)) {
    const text = name.endsWith('_token') ? tokenText.safeParse(value) : undefined
    if (text?.success === true) tokens[name] = text.data
  }
  return tokens
}

async function readJson<T>(folder: string, name: string, schema: z.ZodType<T>): Promise<T | undefined> {
  const path = join(folder, name)
  const text = await readText(path)
  if (text === undefined) return undefined
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    const advice = 'download the file again: it may be cut off, or a Git LFS pointer'
    throw new TokenizerError('files', `${path}: expected JSON, found ${messageOf(error)}; ${advice}`, { cause: error })
  }
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  const at = issue === undefined || issue.path.length === 0 ? 'the whole file' : issue.path.join('.')
  throw new TokenizerError('files', `${path}: at ${at}: ${issue?.message ?? 'invalid'}; ${WHAT_TO_DO}`)
}

/** Undefined where there is no such file. */
async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR'))
      return undefined
    throw new TokenizerError('files', `${path}: expected a file that can be read, found ${messageOf(error)}`, {
      cause: error,
    })
  }
}

async function describeFolder(folder: string): Promise<string> {
  try {
    const names = await readdir(folder)
    return names.length === 0 ? 'an empty folder' : names.slice(0, 8).join(', ')
  } catch (error) {
    const isFile = error instanceof Error && 'code' in error && error.code === 'ENOTDIR'
    return isFile ? 'a file that is no folder' : 'no such folder'
  }
}
