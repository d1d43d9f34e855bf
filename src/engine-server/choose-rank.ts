import { EngineError } from './engine-error.ts'
import type { EngineRank } from './engine-rank.ts'

/** The header by which a router picks a data-parallel rank (vllm-project/vllm#42330, sgl-project/sglang#19832). */
export const RANK_HEADER = 'x-data-parallel-rank'

/**
 * The rank that the header names, or else the one with the fewest requests. What is no whole number is ignored; a rank
 * that does not exist is an EngineError of status 400.
 */
export function chooseRank(ranks: readonly EngineRank[], header: string | string[] | undefined): EngineRank {
  if (typeof header === 'string' && /^\s*\d+\s*$/.test(header)) {
    const rank = ranks[Number(header)]
    if (rank !== undefined) return rank
    throw new EngineError(
      400,
      `${RANK_HEADER}: expected a rank from 0 to ${ranks.length - 1}, found ${header.trim()}: send one of those or none.`,
    )
  }
  let least = ranks[0]
  for (const rank of ranks) if (least === undefined || rank.requests < least.requests) least = rank
  if (least === undefined) throw new Error('expected at least one data-parallel rank, found none')
  return least
}
