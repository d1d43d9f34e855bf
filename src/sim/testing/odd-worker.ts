import { parentPort, workerData } from 'node:worker_threads'
import type { WorkerRequest } from '../worker-pool.ts'

/** A thread for tests: doubles numbers, refuses some, and dies of others. */
parentPort?.on('message', ({ id, job }: WorkerRequest<number>) => {
  if (job === 13) throw new Error('unlucky number')
  if (job === 14) process.exit(3)
  if (job < 0) parentPort?.postMessage({ id, ok: false, message: `${job} is negative`, isInput: job === -1 })
  else setTimeout(() => parentPort?.postMessage({ id, ok: true, result: `${workerData}${job * 2}` }), job)
})
