import { z } from 'zod'
import { RANK_HEADER } from '../core/data-parallel-rank.ts'
import { EngineError } from './engine-error.ts'
import type { EngineRank } from './engine-rank.ts'
import type { Flavor } from './flavor.ts'

const namesRank = z.object({ routed_dp_rank: z.int().nonnegative() })

/** The rank that a request names: in its header, or, for SGLang, in a field of its body that the header overrules. */
export function rankAskedFor(
  flavor: Flavor,
  header: string | string[] | undefined,
  json: unknown,
): string | string[] | undefined {
  if (header !== undefined || flavor !== 'sglang') return header
  const { data } = namesRank.safeParse(json)
  return data === undefined ? undefined : String(data.routed_dp_rank)
}

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
