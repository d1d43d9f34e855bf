import type { EngineProfile } from './profile.ts'

/**
 * Seconds of one engine step that prefills `prefillTokens` tokens (with `pairs`, the sum of n * (c + n / 2) over its
 * chunks of n tokens behind c tokens of context) beside `batch` decoding sequences that hold `kvTokens` KV tokens:
 * the formula of `StepRates`. With a decode table the step's linear part follows the table instead of the line, and the
 * first-token cost of prefill (reading all experts) is paid only by steps that prefill.
 */
export function stepSeconds(
  profile: EngineProfile,
  prefillTokens: number,
  pairs: number,
  batch: number,
  kvTokens: number,
): number {
  const { rates, decodeTable } = profile
  const prefill = prefillTokens > 0 ? rates.prefillBase + rates.prefillPerToken * prefillTokens : 0
  const decode = decodeTable === undefined ? rates.decodeBase : interpolated(decodeTable, batch)
  const perSequence = decodeTable === undefined ? rates.decodePerSequence * batch : 0
  return (
    Math.max(decode, prefill) +
    rates.prefillPerPair * pairs +
    perSequence +
    rates.decodePerKvToken * kvTokens +
    rates.overhead
  )
}

/** Entry i of the table is the cost at batch 2^i; between and beyond the entries it is a straight line. */
function interpolated(table: readonly number[], batch: number): number {
  if (batch === 0) return 0
  const left = Math.min(31 - Math.clz32(batch), table.length - 2)
  const from = 2 ** left
  const low = table[left] ?? 0
  const high = table[left + 1] ?? low
  return low + ((high - low) * (batch - from)) / from
}
