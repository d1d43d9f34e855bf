import { z } from 'zod'
import type { EngineContext } from './engine-context.ts'
import { EngineError } from './engine-error.ts'
import { generateReply } from './generate-reply.ts'
import type { Planner } from './generating-routes.ts'
import { generationsOf } from './generating-routes.ts'
import type { Sampling } from './generation.ts'
import type { Adapter } from './kv/block-content.ts'
import { parseBody } from './parse-body.ts'
import type { promptsSchema } from './prompts.ts'
import { promptList, tokensSchema, writePrompt } from './prompts.ts'
import { requestNames } from './request-names.ts'
import { answerCount } from './sampling-fields.ts'
import { after } from './tokens/after.ts'
import { tokenizedPrompts } from './tokens/tokenized.ts'

const samplingParams = z.object({
  max_new_tokens: z.int().min(1).nullish(),
  min_new_tokens: z.int().min(0).nullish(),
  ignore_eos: z.boolean().nullish(),
  n: answerCount,
})

/** The body of SGLang's `/generate`. */
const generateBody = z.object({
  text: z.union([z.string(), z.array(z.string()).min(1)]).nullish(),
  input_ids: z.union([tokensSchema, z.array(tokensSchema).min(1)]).nullish(),
  sampling_params: samplingParams.nullish(),
  stream: z.boolean().nullish(),
  lora_path: z.string().nullish(),
  cache_salt: z.string().nullish(),
  extra_key: z.string().nullish(),
})

type GenerateBody = z.infer<typeof generateBody>

/** `POST /generate`, SGLang's own route: texts or token ids as they are, without a template. */
export const planGenerate: Planner = (context, json, id) => {
  const body = parseBody(generateBody, json)
  const sampling = samplingOf(body, adapterOf(context, body.lora_path))
  const given = promptsOf(body)
  const prompts = tokenizedPrompts(context, promptList(given))
  const each = body.sampling_params?.n ?? 1
  const [name, ...names] = requestNames(json)
  return after(prompts, (list) => {
    const generations = list.flatMap((prompt, at) => {
      writePrompt(context.writer, prompt)
      return generationsOf(context, sampling, each, at * each)
    })
    const several = each > 1 || (typeof given !== 'string' && typeof given[0] !== 'number')
    const nameOf = (index: number): string =>
      names.length === 0 ? (name ?? id) : ([name, ...names][Math.floor(index / each)] ?? id)
    return { stream: body.stream === true, generations, shape: generateReply(nameOf, several) }
  })
}

function promptsOf({ text, input_ids: ids }: GenerateBody): z.infer<typeof promptsSchema> {
  const given = [text, ids].filter((each) => each !== undefined && each !== null)
  const [only] = given
  if (only !== undefined && given.length === 1) return only
  const found = only === undefined ? 'neither' : 'both'
  throw new EngineError(400, `text, input_ids: expected one of them, found ${found}`, 'text')
}

function samplingOf(body: GenerateBody, adapter: Adapter | undefined): Sampling {
  const params = body.sampling_params ?? {}
  return {
    maxTokens: params.max_new_tokens ?? undefined,
    minTokens: params.min_new_tokens ?? undefined,
    ignoreEos: params.ignore_eos ?? undefined,
    cacheSalt: body.cache_salt ?? undefined,
    extraKey: body.extra_key ?? undefined,
    adapter,
  }
}

function adapterOf({ adapters }: EngineContext, name: string | null | undefined): Adapter | undefined {
  if (name === undefined || name === null) return undefined
  const adapter = adapters.find(name)
  if (adapter !== undefined) return adapter
  throw new EngineError(400, `lora_path: expected the name of a loaded adapter, found '${name}'`, 'lora_path')
}
