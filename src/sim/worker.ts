import { parentPort, workerData } from 'node:worker_threads'
import { InputError } from '../report/input-error.ts'
import { executeJob } from './matrix-job.ts'
import type { JobContext, MatrixJob, MatrixResult } from './matrix-job.ts'
import { createWorkloads } from './matrix-workload.ts'
import type { WorkerReply, WorkerRequest } from './worker-pool.ts'

/** The thread that a pool starts: loads the workload once, then does one job after the other. */
function serve(context: JobContext): void {
  const workloads = createWorkloads(context.load)
  parentPort?.on('message', ({ id, job }: WorkerRequest<MatrixJob>) => {
    void workloads
      .then((loaded): WorkerReply<MatrixResult> => ({ id, ok: true, result: executeJob(job, context, loaded) }))
      .catch((error: unknown): WorkerReply<MatrixResult> => ({
        id,
        ok: false,
        message: describe(error),
        isInput: error instanceof InputError,
      }))
      .then((reply) => parentPort?.postMessage(reply))
  })
}

/** A fault of the program with the place it comes from; what the user gave needs none. */
function describe(error: unknown): string {
  if (error instanceof InputError) return error.message
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}

serve(workerData)
