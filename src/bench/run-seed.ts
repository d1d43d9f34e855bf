import type { Pool } from 'undici'
import { createTextSynthesizer } from '../workload/synthesize-text.ts'
import { countRequests } from '../workload/workload.ts'
import type { Pacing, Workload } from '../workload/workload.ts'
import { textSalt } from './load-plan.ts'
import type { ProgressSnapshot } from './progress.ts'
import { replay } from './replay.ts'
import { requestBody, routePaths } from './request-body.ts'
import { toRecord } from './request-record.ts'
import type { RequestRecord } from './request-record.ts'
import type { BenchSettings } from './settings.ts'
import { streamCall } from './stream-call.ts'
import type { Target } from './target.ts'

/** What one seed's run needs. */
export interface SeedJob {
  readonly settings: BenchSettings
  readonly target: Target
  readonly model: string
  readonly pool: Pool
  readonly workload: Workload
  readonly pacing: Pacing
  readonly seed: number
  readonly signal: AbortSignal
  readonly onProgress: (snapshot: ProgressSnapshot) => void
}

/** Sends one seed's workload and returns a record of every request that ended before the signal. */
export async function runSeed(job: SeedJob): Promise<RequestRecord[]> {
  const { settings, workload } = job
  const total = countRequests(workload)
  const warmup = 'share' in settings.warmup ? Math.ceil(settings.warmup.share * total) : settings.warmup.requests
  const body = {
    model: job.model,
    route: settings.route,
    text: createTextSynthesizer(textSalt(settings, job.seed)),
    ignoreEos: settings.ignoreEos,
  }
  const path = `${job.target.prefix}${routePaths[settings.route]}`
  const needed = answersNeeded(workload)
  const records: RequestRecord[] = []
  let sent = 0
  let failed = 0
  const origin = performance.now()
  const options = {
    pacing: job.pacing,
    concurrency: settings.concurrency ?? 1,
    speed: settings.speed * settings.timeScale,
    signal: job.signal,
  }
  await replay(workload, options, async (request, due, answers) => {
    const isWarmup = sent++ < warmup
    const session: Record<string, string> =
      settings.sessionHeader === undefined ? {} : { [settings.sessionHeader]: request.session }
    const sentAt = performance.now()
    const outcome = await streamCall(job.pool, {
      path,
      headers: { 'content-type': 'application/json', ...job.target.headers, ...session },
      body: requestBody(request, body, answers),
      timeoutMs: settings.timeout * 1000,
      signal: job.signal,
      keepText: needed,
    })
    if (outcome.error?.kind === 'interrupted') return undefined
    const times = { sentMs: sentAt - origin, dueMs: due - origin }
    records.push(toRecord(request, outcome, times, settings.timeScale, isWarmup))
    if (outcome.error !== undefined) failed++
    job.onProgress({ seed: job.seed, total, sent, done: records.length, failed })
    return outcome.error === undefined ? outcome.text : undefined
  })
  return records
}

/** Whether any prompt repeats a real answer. */
function answersNeeded(workload: Workload): boolean {
  return workload.sessions.some((session) =>
    session.requests.some((request) => request.messages.some((message) => message.answerOf !== undefined)),
  )
}
