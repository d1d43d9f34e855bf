import type { Generation } from './generation.ts'

/** How a route writes what the engine generates. */
export interface ReplyShape {
  /** The server-sent events of one token, with whatever opens an answer before its first and closes it after its last. */
  token(generation: Generation, index: number): string
  /** The events that close an answer which was aborted before its last token. */
  aborted?(generation: Generation): string
  /** The events behind the last token of the last answer. */
  end(generations: readonly Generation[]): string
  /** The body of an answer that is not streamed. */
  body(generations: readonly Generation[]): object
}

/**
 * When OpenAI's answers tell how many tokens of a prompt were cached: also where none were (`always`), as llama.cpp and
 * TensorRT-LLM do; where some were (`found`), as vLLM does with `--enable-prompt-tokens-details` and SGLang with
 * `--enable-cache-report`; or not at all (`never`), as both do without.
 */
export const CACHED_TOKENS_REPORTS = ['always', 'found', 'never'] as const

export type CachedTokensReport = (typeof CACHED_TOKENS_REPORTS)[number]

/** What every answer body names. */
export interface ReplyHead {
  /** Unique among all requests, without a prefix. */
  readonly id: string
  /** Seconds since 1970. */
  readonly created: number
  readonly model: string
  readonly reportCachedTokens: CachedTokensReport
}

/** What a request wants to be told besides the text. */
export interface ReplyExtras {
  /** A last event with the usage, in a stream. */
  readonly usage: boolean
  /** The usage so far in every event, in a stream. */
  readonly usageInChunks: boolean
  /** The token ids of prompt and answer. */
  readonly tokenIds: boolean
}

/** The token ids of the prompt; empty where they were not kept. */
export function promptTokenIds({ content, promptTokens }: Generation): number[] {
  return Array.from(content?.tokens.subarray(0, promptTokens) ?? [])
}

/** The token ids of the answer. */
export function answerTokenIds({ content, promptTokens, outputTokens }: Generation): number[] {
  return Array.from(content?.tokens.subarray(promptTokens, promptTokens + outputTokens) ?? [])
}

/** The usage when the token at `index` of an answer is written, for `continuous_usage_stats`. */
export function usageAt({ promptTokens }: Generation, index: number): string {
  const total = promptTokens + index + 1
  return `{"prompt_tokens":${promptTokens},"total_tokens":${total},"completion_tokens":${index + 1}}`
}

/** True for the token behind which an answer ends. */
export function isLast(generation: Generation, index: number): boolean {
  return index === generation.outputTokens - 1
}

/** The whole text of an answer; of a function call, its arguments. */
export function answerText({ answer, outputTokens }: Generation): string {
  let text = ''
  for (let index = 0; index < outputTokens; index++) text += answer.text(index)
  return text
}

/** Tokens of several answers; a prompt that several answers share counts once. */
export function tokenCounts(generations: readonly Generation[]): { prompt: number; cached: number; output: number } {
  const counts = { prompt: 0, cached: 0, output: 0 }
  for (const { ownPrompt, promptTokens, outputTokens, sequence } of generations) {
    counts.output += outputTokens
    if (!ownPrompt) continue
    counts.prompt += promptTokens
    counts.cached += sequence?.cachedTokens ?? 0
  }
  return counts
}

/** The usage block of OpenAI's chat, completions and embeddings. */
export function openaiUsage(generations: readonly Generation[], report: CachedTokensReport): object {
  const { prompt, cached, output } = tokenCounts(generations)
  return {
    prompt_tokens: prompt,
    total_tokens: prompt + output,
    completion_tokens: output,
    prompt_tokens_details: tokensDetails(cached, report),
  }
}

/** What of a prompt was cached, null where that is not told. */
export function tokensDetails(cached: number, report: CachedTokensReport): object | null {
  const told = report === 'always' || (report === 'found' && cached > 0)
  return told ? { cached_tokens: cached } : null
}
