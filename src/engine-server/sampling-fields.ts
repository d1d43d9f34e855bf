import { z } from 'zod'

const count = z.int().min(0).nullish()

/** The fields that every generating route of vLLM knows. */
export const samplingFields = {
  model: z.string().nullish(),
  stream: z.boolean().nullish(),
  seed: z.int().nullish(),
  min_tokens: count,
  ignore_eos: z.boolean().nullish(),
  cache_salt: z.string().nullish(),
}

/** A limit of tokens as routes name it: one at least. */
export const tokenLimit = z.int().min(1).nullish()

/** Number of answers to each prompt. */
export const answerCount = z.int().min(1).max(128).nullish()

export const streamOptions = z.object({ include_usage: z.boolean().nullish() }).nullish()

interface SamplingBody {
  readonly seed?: number | null | undefined
  readonly min_tokens?: number | null | undefined
  readonly ignore_eos?: boolean | null | undefined
  readonly cache_salt?: string | null | undefined
}

/** The part of a body that says how answers are made. */
export function samplingOf(body: SamplingBody) {
  return {
    seed: body.seed ?? undefined,
    minTokens: body.min_tokens ?? undefined,
    ignoreEos: body.ignore_eos ?? undefined,
    cacheSalt: body.cache_salt ?? undefined,
  }
}
