import type { Conflict } from './cross-checks.ts'
import { dataParallelRank, rankId } from './data-parallel-rank.ts'
import { hostAndPort } from './endpoint-url.ts'

interface RankedEndpoint {
  readonly url: string
  readonly id?: string | undefined
  readonly headers: Readonly<Record<string, unknown>>
  /** Ranks that the operator counts; 1 where the engine is asked. */
  readonly ranks: number
  readonly kvEvents: { readonly rank?: number | undefined }
  readonly index: number
}

/** Endpoints that are all ranks of an address and one of them, and those that are called like a rank of another. */
export function rankConflicts(endpoints: readonly RankedEndpoint[]): Conflict[] {
  const owners = rankOwners(endpoints)
  return endpoints.flatMap(({ url, id = hostAndPort(url), headers, kvEvents, ranks, index }): Conflict[] => {
    const conflicts: Conflict[] = []
    const owner = owners.get(id)
    if (owner !== undefined) {
      const message = `${id} is the id of a rank of endpoints[${owner}] already`
      conflicts.push({ path: ['endpoints', index, 'id'], message, hint: 'give each endpoint an id of its own' })
    }
    const rank = kvEvents.rank ?? dataParallelRank(headers)
    if (ranks > 1 && rank !== undefined) {
      const message = `expected all ranks of the address or one of them, found ranks: ${ranks} and rank ${rank}`
      const hint = 'leave out the header x-data-parallel-rank and kvEvents.rank, or ranks'
      conflicts.push({ path: ['endpoints', index, 'ranks'], message, hint })
    }
    return conflicts
  })
}

/** By the id of a rank, the endpoint that it is a rank of. */
function rankOwners(endpoints: readonly RankedEndpoint[]): Map<string, number> {
  const owners = new Map<string, number>()
  for (const { url, id = hostAndPort(url), ranks, index } of endpoints) {
    for (let rank = 0; ranks > 1 && rank < ranks; rank++) owners.set(rankId(id, rank), index)
  }
  return owners
}
