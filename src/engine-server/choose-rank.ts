import { z } from 'zod'
import { RANK_HEADER } from '../core/data-parallel-rank.ts'
import { EngineError } from './engine-error.ts'
import type { EngineRank } from './engine-rank.ts'
import type { Flavor } from './flavor.ts'

/** Where SGLang does not read the header (sgl-project/sglang#38729). */
const WITHOUT_HEADER = new Set(['/generate', '/v1/responses'])

const namesRank = z.object({ routed_dp_rank: z.int().nonnegative() })

/** The rank that a request names: in its header, or, for SGLang, in a field of its body that the header overrules. */
export function rankAskedFor(
  { flavor, path }: { readonly flavor: Flavor; readonly path: string },
  header: string | string[] | undefined,
  json: unknown,
): string | string[] | undefined {
  if (flavor !== 'sglang') return header
  if (header !== undefined && !WITHOUT_HEADER.has(path)) return header
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
