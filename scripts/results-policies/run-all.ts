import { WorkerPool } from '../../src/sim/worker-pool.ts'
import type { Figures } from './figures.ts'
import type { RunCache } from './run-cache.ts'
import type { RunSpec } from './run-spec.ts'

/** Runs handed to a thread at a time; few, so that little is lost when the script is stopped. */
const PER_JOB = 12
const THREADS = 2
const SCRIPT = new URL('./run-thread.ts', import.meta.url)

/** Makes the runs that are not known yet, and says on stderr how far it is. */
export async function runAll(specs: readonly RunSpec[], cache: RunCache): Promise<void> {
  const missing = specs.filter((spec) => cache.find(spec) === undefined)
  if (missing.length === 0) return
  const begin = performance.now()
  let done = 0
  await using pool = new WorkerPool<readonly RunSpec[], readonly Figures[]>(SCRIPT, undefined, THREADS)
  await Promise.all(
    jobsOf(missing).map(async (job) => {
      const figures = await pool.run(job)
      for (const [index, spec] of job.entries()) {
        const found = figures[index]
        if (found !== undefined) cache.add(spec, found)
      }
      done += job.length
      const seconds = (performance.now() - begin) / 1000
      const left = (seconds / done) * (missing.length - done)
      const text = `${done} of ${missing.length} runs, ${seconds.toFixed(0)} s, ${left.toFixed(0)} s left`
      process.stderr.write(process.stderr.isTTY ? `\r${text}  ` : done % 240 < PER_JOB ? `${text}\n` : '')
    }),
  )
  const seconds = (performance.now() - begin) / 1000
  process.stderr.write(`\n${missing.length} runs in ${seconds.toFixed(0)} s (${specs.length - missing.length} known)\n`)
}

/** Runs over the same workload stand together. */
function jobsOf(specs: readonly RunSpec[]): RunSpec[][] {
  const jobs: RunSpec[][] = []
  for (const group of Map.groupBy(specs, workloadKey).values()) {
    for (let at = 0; at < group.length; at += PER_JOB) jobs.push(group.slice(at, at + PER_JOB))
  }
  return jobs
}

function workloadKey({ cell, seed }: RunSpec): string {
  return `${cell.load.name} ${cell.replicas} ${seed}`
}
