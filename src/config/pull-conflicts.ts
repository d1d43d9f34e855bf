import { z } from 'zod'
import { dataParallelRank } from './data-parallel-rank.ts'
import type { Conflict } from './cross-checks.ts'

const ENGINES: ReadonlySet<unknown> = new Set([undefined, 'auto', 'tensorrt-llm'])
/** What belongs to sockets. */
const SOCKET_KEYS = ['bind', 'replay', 'topic', 'rank'] as const

const pulling = z.looseObject({
  engine: z.unknown().optional(),
  ranks: z.unknown().optional(),
  headers: z.record(z.string(), z.unknown()).catch({}),
  kvEvents: z.looseObject({ address: z.literal('pull') }),
})

/** What does not go with events that are fetched: settings of sockets, other engines, ranks told apart by the router. */
export function pullConflicts(endpoints: readonly unknown[]): Conflict[] {
  return endpoints.flatMap((raw, index): Conflict[] => {
    const { data } = pulling.safeParse(raw)
    if (data === undefined) return []
    const { kvEvents, engine, ranks, headers } = data
    const at = ['endpoints', index]
    const conflicts: Conflict[] = SOCKET_KEYS.filter((key) => kvEvents[key] !== undefined).map((key) => ({
      path: [...at, 'kvEvents', key],
      message: `expected nothing beside address: pull, found ${key}`,
      hint: `leave ${key} out: events are fetched from the url`,
    }))
    if (!ENGINES.has(kvEvents['encoding'])) {
      const message = 'expected auto or tensorrt-llm beside address: pull'
      conflicts.push({ path: [...at, 'kvEvents', 'encoding'], message, hint: 'only TensorRT-LLM hands events out' })
    }
    if (!ENGINES.has(engine)) {
      const message = 'address: pull is for engines that hand their events out, and only TensorRT-LLM does'
      const hint = 'give the address at which the engine publishes, such as tcp://*:5557'
      conflicts.push({ path: [...at, 'kvEvents', 'address'], message, hint })
    }
    if ((typeof ranks === 'number' && ranks > 1) || dataParallelRank(headers) !== undefined) {
      const message = 'address: pull fetches the events of all ranks behind the url, and each event can be fetched once'
      const hint = 'leave out ranks and the header x-data-parallel-rank, or kvEvents'
      conflicts.push({ path: [...at, 'kvEvents', 'address'], message, hint })
    }
    return conflicts
  })
}
