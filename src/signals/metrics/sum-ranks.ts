import type { RankLoad, RankReading } from './engine-reading.ts'

/** A rank about which nothing is known. */
export const UNKNOWN_LOAD: RankLoad = Object.freeze({
  waiting: undefined,
  running: undefined,
  waitingTokens: undefined,
  kvUsage: undefined,
  kvCapacityTokens: undefined,
  prefixCacheHitTokens: undefined,
  prefixCacheQueriedTokens: undefined,
})

/** What the ranks are together, and the ranks themselves. No ranks are an engine about which nothing is known. */
export function sumRanks(ranks: readonly RankReading[]): RankLoad & { readonly perRank?: readonly RankReading[] } {
  if (ranks.length === 0) return UNKNOWN_LOAD
  return {
    waiting: total(ranks.map(({ waiting }) => waiting)),
    running: total(ranks.map(({ running }) => running)),
    waitingTokens: total(ranks.map(({ waitingTokens }) => waitingTokens)),
    kvUsage: usage(ranks),
    kvCapacityTokens: total(ranks.map(({ kvCapacityTokens }) => kvCapacityTokens)),
    prefixCacheHitTokens: total(ranks.map(({ prefixCacheHitTokens }) => prefixCacheHitTokens)),
    prefixCacheQueriedTokens: total(ranks.map(({ prefixCacheQueriedTokens }) => prefixCacheQueriedTokens)),
    perRank: ranks.toSorted((a, b) => a.rank - b.rank),
  }
}

/** The sum, unless a part of it is unknown. */
export function total(parts: readonly (number | undefined)[]): number | undefined {
  let sum = 0
  for (const part of parts) {
    if (part === undefined) return undefined
    sum += part
  }
  return parts.length === 0 ? undefined : sum
}

/** The share of the capacity of all ranks; ranks of unknown capacity are taken to be equally large. */
function usage(ranks: readonly RankReading[]): number | undefined {
  const capacity = total(ranks.map(({ kvCapacityTokens }) => kvCapacityTokens))
  const weighted = capacity !== undefined && capacity > 0
  const used = total(
    ranks.map(({ kvUsage, kvCapacityTokens }) =>
      kvUsage === undefined ? undefined : kvUsage * (weighted ? (kvCapacityTokens ?? 0) : 1),
    ),
  )
  return used === undefined ? undefined : used / (weighted ? capacity : ranks.length)
}
