import { parentPort } from 'node:worker_threads'
import type { WorkerReply, WorkerRequest } from '../../src/sim/worker-pool.ts'
import type { Figures } from './figures.ts'
import type { RunSpec } from './run-spec.ts'
import { simulateRun } from './simulate-run.ts'

/** The thread that the pool starts: runs of one workload in a row. */
parentPort?.on('message', ({ id, job }: WorkerRequest<readonly RunSpec[]>) => {
  void runAll(job)
    .then((result): WorkerReply<readonly Figures[]> => ({ id, ok: true, result }))
    .catch((error: unknown): WorkerReply<readonly Figures[]> => ({
      id,
      ok: false,
      message: error instanceof Error ? (error.stack ?? error.message) : String(error),
      isInput: false,
    }))
    .then((reply) => parentPort?.postMessage(reply))
})

async function runAll(specs: readonly RunSpec[]): Promise<Figures[]> {
  const found: Figures[] = []
  for (const spec of specs) found.push(await simulateRun(spec))
  return found
}
