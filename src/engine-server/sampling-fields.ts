import { z } from 'zod'
import { EngineError } from './engine-error.ts'
import type { ReplyExtras } from './reply-shape.ts'

const count = z.int().min(0).nullish()

/** The fields that every generating route of vLLM knows. */
export const samplingFields = {
  model: z.string().nullish(),
  stream: z.boolean().nullish(),
  seed: z.int().nullish(),
  min_tokens: count,
  ignore_eos: z.boolean().nullish(),
  cache_salt: z.string().nullish(),
  return_token_ids: z.boolean().nullish(),
}

/** A limit of tokens as routes name it: one at least. */
export const tokenLimit = z.int().min(1).nullish()

/** Number of answers to each prompt. */
export const answerCount = z.int().min(1).max(128).nullish()

export const streamOptions = z
  .object({ include_usage: z.boolean().nullish(), continuous_usage_stats: z.boolean().nullish() })
  .nullish()

interface SamplingBody {
  readonly seed?: number | null | undefined
  readonly min_tokens?: number | null | undefined
  readonly ignore_eos?: boolean | null | undefined
  readonly cache_salt?: string | null | undefined
  readonly return_token_ids?: boolean | null | undefined
}

/** The part of a body that says how answers are made. */
export function samplingOf(body: SamplingBody) {
  return {
    seed: body.seed ?? undefined,
    minTokens: body.min_tokens ?? undefined,
    ignoreEos: body.ignore_eos ?? undefined,
    cacheSalt: body.cache_salt ?? undefined,
    keepTokens: body.return_token_ids === true,
  }
}

interface StreamingBody {
  readonly stream?: boolean | null | undefined
  readonly stream_options?: z.infer<typeof streamOptions>
  readonly return_token_ids?: boolean | null | undefined
}

/**
 * What besides the text goes out. Throws an EngineError of status 400 for stream options without a stream, as vLLM does.
 */
export function extrasOf({ stream, stream_options: options, return_token_ids: tokenIds }: StreamingBody): ReplyExtras {
  if (Object.keys(options ?? {}).length > 0 && stream !== true) {
    throw new EngineError(400, 'Stream options can only be defined when `stream=True`.', 'stream_options')
  }
  const usage = options?.include_usage === true
  return { usage, usageInChunks: usage && options?.continuous_usage_stats === true, tokenIds: tokenIds === true }
}
