import { z } from 'zod'
import type { Conflict } from './cross-checks.ts'
import { dataParallelRank } from './data-parallel-rank.ts'

const eventsShape = z.looseObject({
  address: z.string().trim(),
  bind: z.boolean().catch(false),
  topic: z.string().catch(''),
  rank: z.int().min(0).optional().catch(undefined),
})

/** An endpoint as far as it matters here; `kvEvents` as it stands in the configuration. */
interface PublishingEndpoint {
  readonly url: string
  readonly headers: Readonly<Record<string, unknown>>
  /** Data-parallel ranks that it stands for. */
  readonly ranks: number
  readonly kvEvents: unknown
  readonly index: number
  /** What it is called in messages; its place in the configuration by default. */
  readonly name?: string
}

interface Publisher {
  readonly index: number
  readonly name: string
  readonly topic: string
  readonly bind: boolean
}

/** Hosts that stand for all addresses of a machine. */
const ANYWHERE: ReadonlySet<string> = new Set(['*', '0.0.0.0', '[::]', '::'])

const HINT =
  'give each engine an address of its own; ranks behind one address differ in kvEvents.rank or the header ' +
  'x-data-parallel-rank, which move the port'

/**
 * Endpoints whose KV events would come from the same place: each would count what all of them store as its own. Several
 * may share an address where their topics keep them apart, as behind a proxy that all engines publish to.
 */
export function eventConflicts(endpoints: readonly PublishingEndpoint[]): Conflict[] {
  const publishers = new Map<string, Publisher[]>()
  return endpoints.flatMap((endpoint): Conflict[] => {
    const { data: events } = eventsShape.safeParse(endpoint.kvEvents)
    if (events === undefined) return []
    const { index, name = `endpoints[${index}]` } = endpoint
    const own: Publisher = { index, name, topic: events.topic, bind: events.bind }
    for (const place of placesOf(endpoint, events)) {
      const others = publishers.get(place) ?? []
      const other = others.find((publisher) => publisher.index !== index && collide(own, publisher))
      if (other !== undefined) {
        const message = `expected an address of its own, found ${place}, where ${other.name} publishes already`
        return [{ path: ['endpoints', index, 'kvEvents', 'address'], message, hint: HINT }]
      }
      publishers.set(place, [...others, own])
    }
    return []
  })
}

/** An address can be waited at once only, whatever the topics. */
function collide(a: Publisher, b: Publisher): boolean {
  return a.bind || b.bind || a.topic.startsWith(b.topic) || b.topic.startsWith(a.topic)
}

/** Where its events come from, one place for each of its ranks; none where any free port is taken. */
function placesOf(
  { url, headers, ranks }: PublishingEndpoint,
  { address, bind, rank }: z.output<typeof eventsShape>,
): string[] {
  const first = ranks > 1 ? 0 : (rank ?? dataParallelRank(headers) ?? 0)
  return Array.from({ length: Math.max(1, ranks) }, (_, i) => placeOf(url, address, bind, first + i)).filter(
    (place) => place !== undefined,
  )
}

/** Ranks are at the port of rank 0 plus their own number; other transports get it appended. */
function placeOf(url: string, address: string, bind: boolean, rank: number): string | undefined {
  // Whoever fetches events takes those of all ranks.
  if (address === 'pull') return url
  const [, written, port] = /^tcp:\/\/(.+):(\d+|\*)$/.exec(address) ?? []
  if (written === undefined) return rank === 0 ? address : `${address}_dp${rank}`
  if (port === '*' || Number(port) === 0) return undefined
  const host = !ANYWHERE.has(written) ? written.toLowerCase() : bind ? '*' : new URL(url).hostname
  return `tcp://${host}:${Number(port) + rank}`
}
