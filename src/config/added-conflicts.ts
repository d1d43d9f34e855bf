import type { ConfigEndpoint } from './config.ts'
import type { Conflict } from './cross-checks.ts'
import { eventConflicts } from './event-conflicts.ts'
import { showPath } from './problem.ts'
import { pullConflicts } from './pull-conflicts.ts'
import { rankConflicts } from './rank-conflicts.ts'

/** An address whose endpoints are there already, and where its KV events come from. */
export interface PublishingAddress {
  readonly name: string
  readonly url: string
  /** Data-parallel ranks that it stands for now. */
  readonly ranks: number
  readonly kvEvents: object
}

/**
 * What does not go together in an endpoint that comes from outside the configuration, or between it and those there are.
 * Says what it would say of the configuration.
 *
 * @param given The endpoint as it was written.
 * @param endpoint The same, read and filled in.
 */
export function addedConflicts(
  given: unknown,
  endpoint: ConfigEndpoint,
  others: readonly PublishingAddress[],
): string[] {
  const { id, url, headers, ranks, kvEvents } = endpoint
  const counted = ranks === 'auto' ? 1 : ranks
  const ranked = { id, url, headers, ranks: counted, kvEvents: kvEvents ?? {}, index: 0 }
  const publishing = others.map(({ name, ...other }, index) => ({
    ...other,
    name: `endpoint '${name}'`,
    headers: {},
    index,
  }))
  const added = { url, headers, ranks: counted, kvEvents, index: others.length }
  const conflicts: Conflict[] = [
    ...rankConflicts([ranked]),
    ...pullConflicts([given]),
    ...eventConflicts([...publishing, added]).filter(({ path }) => path[1] === others.length),
  ]
  return conflicts.map(({ path, message, hint }) =>
    [`${showPath(path.slice(2))}: ${message}`, hint].filter((part) => part !== undefined).join('; '),
  )
}
