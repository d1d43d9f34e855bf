import type { Random } from './random.ts'
import { countRequests } from './workload.ts'
import type { Workload, WorkloadRequest, WorkloadSession } from './workload.ts'

/**
 * Moves every session's start by 0 to `seconds`, drawn anew for each. Traces whose timestamps stand on a coarse grid
 * need it: the Mooncake ones have up to 28 requests at the same instant, 3 s apart.
 */
export function jitterStarts(workload: Workload, seconds: number, random: Random): Workload {
  if (seconds <= 0) return workload
  return mapSessions(workload, (session) => ({ ...session, start: session.start + random() * seconds }))
}

/** Keeps the first `count` sessions. */
export function takeSessions(workload: Workload, count: number): Workload {
  return { ...workload, sessions: workload.sessions.slice(0, count) }
}

/** Keeps the first `count` requests, session after session; the last session may lose its end. */
export function takeRequests(workload: Workload, count: number): Workload {
  let left = count
  const sessions: WorkloadSession[] = []
  for (const session of workload.sessions) {
    if (left <= 0) break
    const requests = session.requests.slice(0, left)
    left -= requests.length
    sessions.push({ ...session, requests })
  }
  return { ...workload, sessions }
}

/** Limits the tokens to generate per request. */
export function capOutputs(workload: Workload, tokens: number): Workload {
  const cap = (request: WorkloadRequest): WorkloadRequest =>
    request.outputTokens <= tokens ? request : { ...request, outputTokens: tokens }
  return mapSessions(workload, (session) => ({ ...session, requests: session.requests.map(cap) }))
}

/**
 * Ends every session before its first prompt of more than `tokens`, for engines with a shorter context than the trace.
 * The number of requests left out is added to the notes.
 */
export function dropLongPrompts(workload: Workload, tokens: number): Workload {
  const cut = mapSessions(workload, (session) => {
    const first = session.requests.findIndex((request) => request.promptTokens > tokens)
    return first < 0 ? session : { ...session, requests: session.requests.slice(0, first) }
  })
  const sessions = cut.sessions.filter((session) => session.requests.length > 0)
  const dropped = countRequests(workload) - countRequests(cut)
  if (dropped === 0) return { ...cut, sessions }
  const note = `${dropped} requests left out: prompts over ${tokens} tokens and what follows them in their session`
  return { ...cut, sessions, notes: [...cut.notes, note] }
}

/** Divides all recorded times by `speed` and multiplies think times by `thinkScale` besides. */
export function scaleTimes(workload: Workload, speed: number, thinkScale: number): Workload {
  if (speed === 1 && thinkScale === 1) return workload
  const scale = (request: WorkloadRequest): WorkloadRequest => ({
    ...request,
    ...(request.offset === undefined ? {} : { offset: request.offset / speed }),
    think: (request.think * thinkScale) / speed,
  })
  return mapSessions(workload, (session) => ({
    ...session,
    start: session.start / speed,
    requests: session.requests.map(scale),
  }))
}

function mapSessions(workload: Workload, change: (session: WorkloadSession) => WorkloadSession): Workload {
  return { ...workload, sessions: workload.sessions.map(change) }
}
