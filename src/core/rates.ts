/**
 * What one engine step costs, in seconds. A step that prefills n new tokens in chunks whose contexts are c, beside a
 * batch of B decoding sequences that hold K KV tokens, takes
 *
 *     max(decodeBase, prefillBase + prefillPerToken * n) + prefillPerPair * sum(n * (c + n / 2))
 *       + decodePerSequence * B + decodePerKvToken * K + overhead
 *
 * The form is the common one of Mooncake, SMetric and BLIS: linear layers, quadratic attention, batch and KV reads.
 */
export interface StepRates {
  /** Seconds of a prefill step before its first token: weights are read once. */
  readonly prefillBase: number
  /** Seconds per prefilled token (linear layers). */
  readonly prefillPerToken: number
  /** Seconds per (token, context token) pair (attention). */
  readonly prefillPerPair: number
  /** Seconds of a decode step with an empty batch. */
  readonly decodeBase: number
  /** Seconds per decoding sequence and step. */
  readonly decodePerSequence: number
  /** Seconds per KV token held by decoding sequences and step. */
  readonly decodePerKvToken: number
  /** Seconds of host work per step. */
  readonly overhead: number
}

/**
 * Seconds an idle engine needs to prefill `uncached` tokens behind `cached` tokens that it already holds, chunk budget
 * ignored. Zero uncached tokens still cost one step, because the last token is always computed again.
 */
export function prefillSeconds(rates: StepRates, uncached: number, cached: number): number {
  return (
    rates.prefillBase +
    rates.overhead +
    rates.prefillPerToken * uncached +
    rates.prefillPerPair * uncached * (cached + uncached / 2)
  )
}

/** Seconds of a step that decodes `sequences` sequences with `kvTokens` KV tokens between them and prefills nothing. */
export function decodeStepSeconds(rates: StepRates, sequences: number, kvTokens: number): number {
  return rates.decodeBase + rates.overhead + rates.decodePerSequence * sequences + rates.decodePerKvToken * kvTokens
}

/** The rates of an engine that takes `factor` times as long for everything. */
export function scaledRates(rates: StepRates, factor: number): StepRates {
  return {
    prefillBase: rates.prefillBase * factor,
    prefillPerToken: rates.prefillPerToken * factor,
    prefillPerPair: rates.prefillPerPair * factor,
    decodeBase: rates.decodeBase * factor,
    decodePerSequence: rates.decodePerSequence * factor,
    decodePerKvToken: rates.decodePerKvToken * factor,
    overhead: rates.overhead * factor,
  }
}
