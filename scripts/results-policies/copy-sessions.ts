import type { Random } from '../../src/workload/random.ts'
import type { PromptMessage, Workload, WorkloadRequest, WorkloadSession } from '../../src/workload/workload.ts'

/**
 * So many sessions in random order. Where there are fewer, they come again as copies that share with their original only
 * the text that it shares with other sessions; copies of a session do not share the rest with each other either.
 */
export function copySessions(workload: Workload, count: number, random: Random): Workload {
  const shared = sharedIds(workload.sessions)
  const step = 1 + highestId(workload.sessions)
  const sessions: WorkloadSession[] = []
  for (let copy = 0; sessions.length < count; copy++) {
    const order = shuffled(workload.sessions, random).slice(0, count - sessions.length)
    sessions.push(...order.map((session) => (copy === 0 ? session : copyOf(session, copy, step, shared))))
  }
  return { ...workload, sessions }
}

function copyOf(session: WorkloadSession, copy: number, step: number, shared: ReadonlySet<number>): WorkloadSession {
  const messages = (list: readonly PromptMessage[]): PromptMessage[] =>
    list.map((message) => ({
      ...message,
      parts: message.parts.map((part) => ({
        ...part,
        ids: part.ids.map((id) => (shared.has(id) ? id : id + copy * step)),
      })),
    }))
  const request = (one: WorkloadRequest): WorkloadRequest => ({
    ...one,
    id: `${one.id}#${copy}`,
    session: `${one.session}#${copy}`,
    messages: messages(one.messages),
  })
  return { ...session, id: `${session.id}#${copy}`, requests: session.requests.map(request) }
}

/** Ids that more than one session uses. */
function sharedIds(sessions: readonly WorkloadSession[]): ReadonlySet<number> {
  const owner = new Map<number, number>()
  const shared = new Set<number>()
  for (const [index, session] of sessions.entries()) {
    for (const id of idsOf(session)) {
      if ((owner.get(id) ?? index) !== index) shared.add(id)
      owner.set(id, index)
    }
  }
  return shared
}

function highestId(sessions: readonly WorkloadSession[]): number {
  let highest = 0
  for (const session of sessions) for (const id of idsOf(session)) highest = Math.max(highest, id)
  return highest
}

function* idsOf({ requests }: WorkloadSession): Generator<number> {
  for (const { messages } of requests) for (const { parts } of messages) for (const { ids } of parts) yield* ids
}

function shuffled<T>(items: readonly T[], random: Random): T[] {
  return items
    .map((item) => ({ item, at: random() }))
    .toSorted((a, b) => a.at - b.at)
    .map(({ item }) => item)
}
