import { byteLevelJson } from './byte-level-json.ts'
import { splitOf } from './gguf-splits.ts'
import { type GgufValue, readGgufMetadata } from './gguf-metadata.ts'
import { TokenizerError } from './tokenizer-error.ts'
import type { AddedToken, TokenizerSpec } from './tokenizer-spec.ts'

/** Types of tokens in `tokenizer.ggml.token_type` that llama.cpp takes out of a text before it splits it. */
const CONTROL = 3
const USER_DEFINED = 4
const UNKNOWN = 2

const WHAT_TO_DO = "give the folder of the original model's tokenizer.json instead"

/**
 * The tokenizer inside a `.gguf` file, for byte-level BPE vocabularies (`tokenizer.ggml.model` is `gpt2`): Llama 3, Qwen and
 * most newer models. Others (SentencePiece, WordPiece) and unknown splits are refused with a TokenizerError.
 */
export async function readGgufTokenizer(path: string): Promise<TokenizerSpec> {
  const metadata = await readGgufMetadata(path, ['tokenizer.'])
  const file = new Metadata(path, metadata)
  const model = file.text('tokenizer.ggml.model')
  if (model !== 'gpt2') throw file.fault("tokenizer.ggml.model 'gpt2' (byte-level BPE)", `'${model}'`)
  const pre = file.optionalText('tokenizer.ggml.pre') ?? 'default'
  const split = splitOf(pre)
  if (split === undefined) throw file.fault('a known tokenizer.ggml.pre', `'${pre}'`)
  const tokens = file.texts('tokenizer.ggml.tokens')
  const json = byteLevelJson({
    addedTokens: addedTokens(tokens, file.numbers('tokenizer.ggml.token_type')),
    preTokenizer: split.preTokenizer,
    postProcessor: postProcessor(file, tokens),
    tokens,
    merges: file.texts('tokenizer.ggml.merges'),
    wholeWords: split.wholeWords,
  })
  return {
    source: path,
    json,
    config: {},
    templates: templatesOf(metadata),
    specialTokens: specialTokens(file, tokens),
  }
}

function addedTokens(tokens: readonly string[], types: readonly number[]): AddedToken[] {
  const added: AddedToken[] = []
  types.forEach((type, id) => {
    if (type !== CONTROL && type !== USER_DEFINED && type !== UNKNOWN) return
    const flags = { single_word: false, lstrip: false, rstrip: false, normalized: false }
    added.push({ id, content: tokens[id] ?? '', special: type === CONTROL, ...flags })
  })
  return added.filter(({ content }) => content !== '')
}

/** BOS in front and EOS behind, where the model wants them. */
function postProcessor(file: Metadata, tokens: readonly string[]): object | null {
  const ids = { bos: file.token('bos'), eos: file.token('eos') }
  const around = (name: 'bos' | 'eos'): object[] => {
    const id = ids[name]
    const wanted = file.flag(`tokenizer.ggml.add_${name}_token`)
    return wanted && id !== undefined ? [{ SpecialToken: { id: tokens[id], type_id: 0 } }] : []
  }
  const single = [...around('bos'), { Sequence: { id: 'A', type_id: 0 } }, ...around('eos')]
  if (single.length === 1) return null
  const named = [ids.bos, ids.eos].filter((id) => id !== undefined)
  const special = named.map((id) => [tokens[id], { id: tokens[id], ids: [id], tokens: [tokens[id]] }])
  const pair = [...single, { Sequence: { id: 'B', type_id: 1 } }]
  return { type: 'TemplateProcessing', single, pair, special_tokens: Object.fromEntries(special) }
}

function templatesOf(metadata: ReadonlyMap<string, GgufValue>): Map<string, string> {
  const templates = new Map<string, string>()
  for (const [key, value] of metadata) {
    const name = /^tokenizer\.chat_template(?:\.(.+))?$/.exec(key)
    if (name !== null && typeof value === 'string') templates.set(name[1] ?? 'default', value)
  }
  return templates
}

function specialTokens(file: Metadata, tokens: readonly string[]): Record<string, string> {
  const named: Record<string, string> = {}
  for (const name of ['bos', 'eos'] as const) {
    const id = file.token(name)
    if (id !== undefined) named[`${name}_token`] = tokens[id] ?? ''
  }
  return named
}

/** Reads values by name and type. */
class Metadata {
  readonly #path: string
  readonly #values: ReadonlyMap<string, GgufValue>

  constructor(path: string, values: ReadonlyMap<string, GgufValue>) {
    this.#path = path
    this.#values = values
  }

  fault(expected: string, found: string): TokenizerError {
    return new TokenizerError('files', `${this.#path}: expected ${expected}, found ${found}; ${WHAT_TO_DO}`)
  }

  optionalText(key: string): string | undefined {
    const value = this.#values.get(key)
    return typeof value === 'string' ? value : undefined
  }

  text(key: string): string {
    const value = this.optionalText(key)
    if (value === undefined) throw this.fault(`a text at ${key}`, 'none')
    return value
  }

  texts(key: string): string[] {
    const value = this.#values.get(key)
    const items = Array.isArray(value) ? value.filter((item) => typeof item === 'string') : []
    if (items.length === 0) throw this.fault(`texts at ${key}`, 'none')
    return items
  }

  numbers(key: string): number[] {
    const value = this.#values.get(key)
    return Array.isArray(value) ? value.filter((item) => typeof item === 'number') : []
  }

  flag(key: string): boolean {
    return this.#values.get(key) === true
  }

  /** The id of a special token by its short name. */
  token(name: 'bos' | 'eos'): number | undefined {
    const value = this.#values.get(`tokenizer.ggml.${name}_token_id`)
    return typeof value === 'number' ? value : undefined
  }
}
