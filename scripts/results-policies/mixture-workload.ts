import type { Random } from '../../src/workload/random.ts'
import { countPromptTokens, singleRun } from '../../src/workload/workload.ts'
import type { PromptMessage, TextRun, Workload, WorkloadRequest, WorkloadSession } from '../../src/workload/workload.ts'

/** Answers are drawn from a Pareto distribution: most are short, and the few long ones make up half of all tokens. */
const SHORTEST = 60
const LONGEST = 4000
const SHAPE = 1.1

/**
 * Loads beside each other that share no text. Every answer gets a length of its own, and later turns repeat it at that length.
 */
export function mixtureOf(loads: readonly Workload[], random: Random): Workload {
  const step = 1 + Math.max(...loads.map(highestId))
  const sessions = loads.flatMap((load, place) =>
    load.sessions.map((session) => withAnswers(renamed(session, place, place * step), random)),
  )
  return { name: loads.map(({ name }) => name).join('+'), pacing: 'sessions', sessions, notes: [] }
}

function renamed(session: WorkloadSession, place: number, shift: number): WorkloadSession {
  const part = (run: TextRun): TextRun => ({ ...run, ids: run.ids.map((id) => id + shift) })
  const message = (one: PromptMessage): PromptMessage => ({ ...one, parts: one.parts.map(part) })
  const requests = session.requests.map((request) => ({
    ...request,
    id: `m${place}.${request.id}`,
    session: `m${place}.${request.session}`,
    messages: request.messages.map(message),
  }))
  return { ...session, id: `m${place}.${session.id}`, requests }
}

function withAnswers(session: WorkloadSession, random: Random): WorkloadSession {
  const lengths = session.requests.map(() => Math.min(LONGEST, Math.round(SHORTEST * (1 - random()) ** (-1 / SHAPE))))
  const message = (one: PromptMessage): PromptMessage => {
    const tokens = one.answerOf === undefined ? undefined : lengths[one.answerOf]
    const id = one.parts[0]?.ids[0]
    return tokens === undefined || id === undefined ? one : { ...one, parts: [singleRun(id, tokens)] }
  }
  const requests = session.requests.map((request, place): WorkloadRequest => {
    const messages = request.messages.map(message)
    const outputTokens = lengths[place] ?? request.outputTokens
    return { ...request, messages, promptTokens: countPromptTokens(messages), outputTokens }
  })
  return { ...session, requests }
}

function highestId({ sessions }: Workload): number {
  let highest = 0
  for (const { requests } of sessions) {
    for (const { messages } of requests) {
      for (const { parts } of messages)
        for (const { ids } of parts) for (const id of ids) highest = Math.max(highest, id)
    }
  }
  return highest
}
