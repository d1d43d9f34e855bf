import { pauseUntil } from './pause.ts'
import type { Pacing, Workload, WorkloadRequest, WorkloadSession } from '../workload/workload.ts'

/** How to pace a workload. */
export interface ReplayOptions {
  readonly pacing: Pacing
  /** Sessions at once under closed pacing. */
  readonly concurrency: number
  /** Every recorded time is divided by this. */
  readonly speed: number
  /** Ends the replay: nothing more is sent. */
  readonly signal: AbortSignal
}

/**
 * Sends one request and resolves when it has ended, with the answer's text where later turns need it.
 * `due` is when it should have been sent, on the clock of `performance.now()`.
 */
export type SendRequest = (
  request: WorkloadRequest,
  due: number,
  answers: readonly (string | undefined)[],
) => Promise<string | undefined>

/** Sends a workload as its pacing says; resolves when every request has ended or the signal has ended the replay. */
export async function replay(workload: Workload, options: ReplayOptions, send: SendRequest): Promise<void> {
  const origin = performance.now()
  const sessions = workload.sessions.toSorted((a, b) => a.start - b.start)
  if (options.pacing === 'closed') return replayClosed(workload.sessions, options, send)
  const running: Promise<void>[] = []
  for (const session of sessions) {
    const opens = origin + (session.start * 1000) / options.speed
    if (!(await pauseUntil(opens, options.signal))) break
    running.push(replaySession(session, opens, options, send))
  }
  await Promise.all(running)
}

/** Each of a fixed number of users takes the next session when its last one has ended. */
async function replayClosed(sessions: readonly WorkloadSession[], options: ReplayOptions, send: SendRequest) {
  let next = 0
  const user = async () => {
    for (;;) {
      const session = sessions[next++]
      if (session === undefined || options.signal.aborted) return
      await replaySession(session, performance.now(), options, send)
    }
  }
  await Promise.all(Array.from({ length: Math.min(options.concurrency, sessions.length) }, user))
}

async function replaySession(session: WorkloadSession, opens: number, options: ReplayOptions, send: SendRequest) {
  const answers: (string | undefined)[] = []
  const ended: Promise<void>[] = []
  for (const [index, request] of session.requests.entries()) {
    ended.push(
      (async () => {
        const due = await dueTime(request, opens, ended, options)
        if (await pauseUntil(due, options.signal)) answers[index] = await send(request, due, answers)
      })(),
    )
  }
  await Promise.all(ended)
}

/** A recorded time counts under open pacing only; otherwise a request waits for those before it and thinks. */
async function dueTime(
  request: WorkloadRequest,
  opens: number,
  ended: readonly Promise<void>[],
  options: ReplayOptions,
): Promise<number> {
  if (options.pacing === 'open' && request.offset !== undefined) return opens + (request.offset * 1000) / options.speed
  for (const index of request.after) await ended[index]
  const ready = request.after.length === 0 ? opens : performance.now()
  return ready + (request.think * 1000) / options.speed
}
