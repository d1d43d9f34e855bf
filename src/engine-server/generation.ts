import { mixBits } from '../engine/mix-bits.ts'
import type { EngineRequest, Sequence } from '../engine/sequence.ts'
import { TokenKeys } from '../engine/token-keys.ts'
import type { BlockKeys } from '../prefix/block-keys.ts'
import type { Answer, ToolCall } from './answer.ts'
import { textAnswer, toolAnswer } from './answer.ts'
import type { AnswerWords } from './words.ts'
import { BUILT_IN_WORDS } from './words.ts'
import { EngineError } from './engine-error.ts'
import type { EngineOptions } from './engine-options.ts'
import type { Adapter, BlockContent } from './kv/block-content.ts'
import { TOKEN_BYTES } from './prompt-writer.ts'
import type { PromptWriter } from './prompt-writer.ts'

/** What a request says about how its answer is made. */
export interface Sampling {
  /** Most tokens of the answer; the engine's default when undefined; 0 for work that ends with the prefill. */
  readonly maxTokens?: number | undefined
  readonly minTokens?: number | undefined
  readonly ignoreEos?: boolean | undefined
  readonly seed?: number | undefined
  /** Separates what must not share the prefix cache. */
  readonly cacheSalt?: string | undefined
  /** Separates it likewise, and counts as a model of its own. */
  readonly adapter?: Adapter | undefined
  /** Separates it likewise, and no KV event tells of it (SGLang). */
  readonly extraKey?: string | undefined
  /** True when the token ids are wanted afterwards. */
  readonly keepTokens?: boolean | undefined
  /** Decides what function is called; the seed follows from prompt and request. */
  readonly tool?: ((seed: number) => ToolCall) | undefined
}

/** One answer to one prompt, on its way through the engine. */
export interface Generation extends EngineRequest {
  /** Position among the answers of the request. */
  readonly index: number
  /** False when an answer before this one has the same prompt, which then counts once. */
  readonly ownPrompt: boolean
  readonly answer: Answer
  readonly finish: 'length' | 'stop' | 'abort'
  /** Digest of the prompt. */
  readonly digest: number
  readonly adapter: Adapter | undefined
  /** Its tokens, where events are published or the request wants them. */
  readonly content: BlockContent | undefined
  /** Its place in the engine, once submitted. */
  sequence: Sequence<Generation> | undefined
}

/** Blocks without keys are neither found nor kept. */
const NO_KEYS: BlockKeys = { count: 0, words: new Uint32Array(0) }

/** What generations have in common in one engine. */
export interface GenerationHost {
  readonly options: EngineOptions
  /** Most tokens of prompt and answer together. */
  readonly contextTokens: number
  readonly tokenizer?: { readonly words: AnswerWords } | undefined
}

/**
 * Turns the prompt in the writer into a generation: draws the answer's length, and hashes prompt and answer into block
 * keys. `index` is its place among the request's answers, `choice` among those to the same prompt. Throws an EngineError when both together exceed `contextTokens`.
 */
export function createGeneration(
  writer: PromptWriter,
  sampling: Sampling,
  { options, contextTokens, tokenizer }: GenerationHost,
  { index = 0, choice = 0 } = {},
): Generation {
  const { length } = writer
  const promptTokens = Math.ceil(length / TOKEN_BYTES)
  const maxTokens = outputLimit(promptTokens, sampling, options, contextTokens)
  const keys = new TokenKeys(options.profile.blockSize, promptTokens + maxTokens, namespaceSalt(sampling))
  const wholeTokens = Math.floor(length / TOKEN_BYTES)
  keys.append(writer.tokens(), 0, wholeTokens)
  const tail = wholeTokens < promptTokens ? (writer.tokens()[wholeTokens] ?? 0) : 0
  const digest = mixBits(keys.digest() ^ mixBits(tail ^ promptTokens))
  const seed = mixBits(digest ^ mixBits(options.seed) ^ mixBits((sampling.seed ?? 0) + Math.imul(choice, 0x9e3779b1)))
  const words = tokenizer?.words ?? BUILT_IN_WORDS
  const answer =
    sampling.tool === undefined
      ? textAnswer(seed, fillUp(writer, seed), words)
      : toolAnswer(sampling.tool(seed), words.pieceToken)
  const drawn = drawnLength(seed, maxTokens, sampling, options)
  const outputTokens = Math.min(drawn, answer.tokens)
  answer.write(writer, outputTokens)
  const tokens = writer.tokens()
  keys.append(tokens, wholeTokens, tokens.length)
  const content = contentOf(tokens, sampling, options)
  writer.truncate(length)
  return {
    keys: options.prefixCaching ? keys.keys() : NO_KEYS,
    promptTokens,
    outputTokens,
    index,
    ownPrompt: choice === 0,
    answer,
    finish: outputTokens < maxTokens || answer.tokens === maxTokens ? 'stop' : 'length',
    digest,
    adapter: sampling.adapter,
    content,
    sequence: undefined,
  }
}

/** The tokens are a view of what is written over: they are copied only where somebody wants them. */
function contentOf(tokens: Uint32Array, sampling: Sampling, options: EngineOptions): BlockContent | undefined {
  if (options.kvEvents === undefined && sampling.keepTokens !== true) return undefined
  return { tokens: tokens.slice(), adapter: sampling.adapter, cacheSalt: sampling.cacheSalt }
}

function namespaceSalt({ adapter, cacheSalt, extraKey }: Sampling): number {
  if (extraKey !== undefined) return textDigest(JSON.stringify([adapter?.id ?? null, cacheSalt ?? null, extraKey]))
  if (adapter !== undefined) return textDigest(JSON.stringify([adapter.name, adapter.id, cacheSalt ?? null]))
  return cacheSalt === undefined ? 0 : textDigest(cacheSalt)
}

function outputLimit(promptTokens: number, sampling: Sampling, options: EngineOptions, contextTokens: number): number {
  const asked = sampling.maxTokens ?? Math.max(1, Math.min(options.defaultOutputTokens, contextTokens - promptTokens))
  if (promptTokens === 0) throw new EngineError(400, 'The prompt is empty: it needs at least one token.', 'prompt')
  if (promptTokens + asked <= contextTokens) return asked
  throw new EngineError(
    400,
    `This model's maximum context length is ${contextTokens} tokens. However, you requested ${promptTokens + asked} ` +
      `tokens (${promptTokens} in the prompt, ${asked} in the completion). ` +
      'Please reduce the length of the prompt or of the completion.',
    'max_tokens',
  )
}

/** Some answers end by themselves before their limit, anywhere with the same probability. */
function drawnLength(seed: number, maxTokens: number, sampling: Sampling, options: EngineOptions): number {
  if (maxTokens === 0 || sampling.ignoreEos === true) return maxTokens
  const stops = mixBits(seed ^ 0x51ab3c7d) < options.earlyStop * 2 ** 32
  if (!stops) return maxTokens
  const drawn = 1 + (mixBits(seed ^ 0x2f8e1d95) % Math.max(1, maxTokens - 1))
  return Math.min(maxTokens, Math.max(drawn, sampling.minTokens ?? 0))
}

/**
 * Letters that complete the prompt's last token. They belong to the answer's text, so that a prompt that continues with
 * that text has its tokens where this one has them.
 */
function fillUp(writer: PromptWriter, seed: number): string {
  const missing = (TOKEN_BYTES - (writer.length % TOKEN_BYTES)) % TOKEN_BYTES
  const filler = missing === 0 ? '' : `${'aeiou'.charAt(seed % 5).repeat(missing - 1)} `
  writer.text(filler)
  return filler
}

function textDigest(text: string): number {
  let digest = 1
  for (let index = 0; index < text.length; index++) digest = mixBits(digest ^ text.charCodeAt(index)) + index
  return mixBits(digest)
}
