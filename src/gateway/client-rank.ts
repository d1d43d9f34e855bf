import { RANK_HEADER, rankNamed } from '../core/data-parallel-rank.ts'
import type { EndpointState } from '../core/endpoint-state.ts'
import { routerError, type RouterError } from '../core/errors.ts'
import type { ByteRange } from '../protocol/request-fields.ts'

/**
 * The data-parallel rank that a client asks for: by the header that engines know, or else by SGLang's field of the body;
 * undefined where it names none, which is nearly always.
 *
 * @param field Where the value of the field stands.
 */
export function clientRank(
  header: string | readonly string[] | undefined,
  body: Uint8Array,
  field: ByteRange | undefined,
): number | undefined {
  const named = rankNamed(header)
  if (named !== undefined || field === undefined) return named
  return rankNamed(new TextDecoder().decode(body.subarray(field.start, Math.min(field.end, field.start + 16))))
}

/**
 * The endpoints that cannot serve a client which asks for one data-parallel rank: those that are another one, and those
 * of which nobody knows it where some are known to be that rank. An error where all are others.
 */
export function otherRanks(
  endpoints: readonly EndpointState[],
  rank: number,
  rankOf: (endpoint: EndpointState) => number | undefined,
): Set<EndpointState> | RouterError {
  const ranks = endpoints.map((endpoint) => rankOf(endpoint))
  const wanted = ranks.includes(rank) ? rank : undefined
  if (wanted === undefined && ranks.length > 0 && !ranks.includes(undefined)) {
    const known = [...new Set(ranks)].toSorted((a, b) => (a ?? 0) - (b ?? 0)).join(', ')
    return routerError('invalid_request', { param: RANK_HEADER, expected: `one of ${known}`, found: String(rank) })
  }
  return new Set(endpoints.filter((_, i) => ranks[i] !== wanted))
}
