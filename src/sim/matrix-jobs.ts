import type { Slo } from '../stats/slo.ts'
import type { Arm } from './arms.ts'
import type { Cell } from './matrix-cells.ts'
import type { RunColumns } from './matrix-columns.ts'
import type { JobContext, MatrixJob, MatrixResult } from './matrix-job.ts'
import type { BoundsSummary } from './report/simulation-schema.ts'
import type { ArmFigures } from './summarize-simulation.ts'
import { WorkerPool } from './worker-pool.ts'

/** Runs the jobs of a matrix on worker threads. */
export interface JobRunner extends AsyncDisposable {
  run(cell: Cell, arm: Arm, seed: number): Promise<RunColumns>
  /** The mean over seeds; null where there are none. */
  bounds(cell: Cell, seeds: readonly number[]): Promise<BoundsSummary | null>
  summarize(runs: readonly RunColumns[], slos: readonly Slo[], draws: number): Promise<ArmFigures>
}

/** The file that a thread runs: beside this one, and TypeScript as long as this one is. */
const SCRIPT = import.meta.url.endsWith('.ts')
  ? new URL('./worker.ts', import.meta.url)
  : new URL('./worker.js', import.meta.url)

/** Starts nothing yet: threads come with the first jobs. */
export function createJobRunner({ load, fleet }: JobContext, threads: number): JobRunner {
  const context: JobContext = { load, fleet }
  const pool = new WorkerPool<MatrixJob, MatrixResult>(SCRIPT, context, threads)
  const boundsOf = async (cell: Cell, seed: number) => {
    const result = await pool.run({ kind: 'bounds', cell, seed })
    return result.kind === 'bounds' ? result.bounds : unexpected(result)
  }
  return {
    async run(cell, arm, seed) {
      const result = await pool.run({ kind: 'run', cell, arm, seed })
      return result.kind === 'run' ? result.run : unexpected(result)
    },
    async bounds(cell, seeds) {
      const bounds = await Promise.all(seeds.map((seed) => boundsOf(cell, seed)))
      const known = bounds.filter((one) => one !== null)
      return known.length < bounds.length ? null : meanBounds(known)
    },
    async summarize(runs, slos, draws) {
      const result = await pool.run({ kind: 'summarize', runs, slos, draws }, true)
      return result.kind === 'summarize' ? result.figures : unexpected(result)
    },
    [Symbol.asyncDispose]: () => pool.close(),
  }
}

function meanBounds(bounds: readonly BoundsSummary[]): BoundsSummary {
  const mean = (read: (one: BoundsSummary) => number) => bounds.reduce((sum, one) => sum + read(one), 0) / bounds.length
  const floor = (name: keyof BoundsSummary['floors']) => ({
    cachedShare: mean(({ floors }) => floors[name].cachedShare),
    ttft: mean(({ floors }) => floors[name].ttft),
  })
  return {
    meanTtft: mean(({ meanTtft }) => meanTtft),
    work: mean(({ work }) => work),
    queueing: mean(({ queueing }) => queueing),
    floors: { none: floor('none'), lru: floor('lru'), belady: floor('belady'), endless: floor('endless') },
  }
}

function unexpected(result: MatrixResult): never {
  throw new Error(`expected the result of another job, found that of ${result.kind}`)
}
