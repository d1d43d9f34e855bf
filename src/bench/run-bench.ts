import { setMaxListeners } from 'node:events'
import { Pool } from 'undici'
import { idealReuse } from '../workload/ideal-reuse.ts'
import type { LoadPlan } from '../workload/plan-workload.ts'
import { countRequests } from '../workload/workload.ts'
import type { Pacing, Workload } from '../workload/workload.ts'
import { InputError } from '../report/input-error.ts'
import { describeEnvironment } from './environment.ts'
import { planLoad } from './load-plan.ts'
import type { ProgressSnapshot } from './progress.ts'
import { toColumns } from './request-columns.ts'
import type { RequestRecord } from './request-record.ts'
import type { BenchResult, BenchRun } from './result-schema.ts'
import { runSeed } from './run-seed.ts'
import { measuredOf, spanOf } from './seed-figures.ts'
import type { SeedRun } from './seed-figures.ts'
import type { BenchSettings } from './settings.ts'
import { summarize } from './summarize.ts'
import { parseTarget, resolveModel } from './target.ts'

/** What a run reports to and is ended by. */
export interface BenchHooks {
  /** Ends the run; the result then holds what was answered until then. */
  readonly signal: AbortSignal
  readonly onProgress?: (snapshot: ProgressSnapshot) => void
}

/**
 * Sends a workload to a gateway or engine, once per seed, and measures what a client sees.
 * @throws InputError when the settings or the target do not allow a run
 */
export async function runBench(settings: BenchSettings, hooks: BenchHooks): Promise<BenchResult> {
  const target = parseTarget(settings.url, settings.headers)
  const plan = await planLoad(settings)
  const first = plan.workload(settings.seeds[0] ?? 1)
  const pacing = settings.pacing ?? (settings.concurrency === undefined ? first.pacing : 'closed')
  if (pacing === 'closed' && settings.concurrency === undefined) {
    throw new InputError('closed loop: expected --concurrency with the number of sessions at once, found none')
  }
  const model = await resolveModel(target, settings.model)
  setMaxListeners(0, hooks.signal)
  const pool = new Pool(target.origin, { connections: null, pipelining: 1, headersTimeout: 0, bodyTimeout: 0 })
  const measured: SeedRun[] = []
  const runs: BenchRun[] = []
  try {
    for (const seed of settings.seeds) {
      if (hooks.signal.aborted) break
      const cpu = process.cpuUsage()
      const onProgress = hooks.onProgress ?? (() => {})
      const workload = plan.workload(seed)
      const job = { settings, target, model, pool, workload, pacing, seed, signal: hooks.signal, onProgress }
      const records = await runSeed(job)
      measured.push({ seed, records })
      runs.push(toRun(seed, records, process.cpuUsage(cpu), hooks.signal.aborted))
    }
  } finally {
    await pool.destroy()
  }
  return {
    format: 'kvasir-bench',
    version: 1,
    label: settings.label,
    command: [...settings.command],
    target: { url: settings.url, model, route: settings.route },
    environment: describeEnvironment(),
    timeScale: settings.timeScale,
    workload: describeWorkload(first, plan, settings, pacing),
    summary: summarize(measured, settings.slos),
    runs,
  }
}

function toRun(seed: number, records: readonly RequestRecord[], cpu: NodeJS.CpuUsage, interrupted: boolean): BenchRun {
  return {
    seed,
    seconds: spanOf(measuredOf(records)),
    interrupted,
    clientCpuSeconds: (cpu.user + cpu.system) / 1_000_000,
    requests: toColumns(records),
  }
}

function describeWorkload(
  workload: Workload,
  plan: LoadPlan,
  settings: BenchSettings,
  pacing: Pacing,
): BenchResult['workload'] {
  const reuse = idealReuse(workload)
  return {
    name: workload.name,
    source: plan.source,
    pacing,
    concurrency: pacing === 'closed' ? (settings.concurrency ?? null) : null,
    speed: settings.speed,
    jitter: plan.jitter,
    knobs: { ...plan.knobs },
    sessions: workload.sessions.length,
    requests: countRequests(workload),
    promptTokens: reuse.promptTokens,
    idealCachedShare: reuse.share,
    salted: !settings.sharedText,
    notes: [...workload.notes],
  }
}
