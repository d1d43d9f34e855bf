import { Worker } from 'node:worker_threads'
import { InputError } from '../report/input-error.ts'

/** What a worker thread is asked. */
export interface WorkerRequest<Job> {
  readonly id: number
  readonly job: Job
}

/** What it answers. `isInput` says that the user can mend it. */
export type WorkerReply<Result> =
  | { readonly id: number; readonly ok: true; readonly result: Result }
  | { readonly id: number; readonly ok: false; readonly message: string; readonly isInput: boolean }

interface Waiting<Job, Result> {
  readonly job: Job
  readonly settle: PromiseWithResolvers<Result>
}

/**
 * Worker threads that run one job each at a time, in the order of asking. A job that fails rejects; a thread that dies
 * rejects everything. Threads start when there is work for them and end with `close`.
 */
export class WorkerPool<Job, Result> implements AsyncDisposable {
  readonly #script: URL
  readonly #data: unknown
  readonly #size: number
  readonly #queue: Waiting<Job, Result>[] = []
  readonly #idle: Worker[] = []
  readonly #running = new Map<Worker, Waiting<Job, Result>>()
  readonly #workers = new Set<Worker>()
  #next = 0
  #broken: Error | undefined

  /** `data` is handed to every thread when it starts; `size` threads at most. */
  constructor(script: URL, data: unknown, size: number) {
    this.#script = script
    this.#data = data
    this.#size = size
  }

  /** Runs a job; `urgent` ones before those that wait already. */
  run(job: Job, urgent = false): Promise<Result> {
    const waiting = { job, settle: Promise.withResolvers<Result>() }
    if (this.#broken !== undefined) waiting.settle.reject(this.#broken)
    else if (urgent) this.#queue.unshift(waiting)
    else this.#queue.push(waiting)
    this.#dispatch()
    return waiting.settle.promise
  }

  async close(): Promise<void> {
    this.#break(new Error('the worker threads were closed'))
    await Promise.all([...this.#workers].map((worker) => worker.terminate()))
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #dispatch(): void {
    while (this.#queue.length > 0) {
      const worker = this.#idle.pop() ?? (this.#workers.size < this.#size ? this.#start() : undefined)
      const waiting = worker === undefined ? undefined : this.#queue.shift()
      if (worker === undefined || waiting === undefined) return
      this.#running.set(worker, waiting)
      const request: WorkerRequest<Job> = { id: this.#next++, job: waiting.job }
      worker.postMessage(request)
    }
  }

  #start(): Worker {
    const worker = new Worker(this.#script, { workerData: this.#data })
    this.#workers.add(worker)
    worker.on('message', (reply: WorkerReply<Result>) => this.#finish(worker, reply))
    worker.on('error', (error: unknown) => this.#break(error instanceof Error ? error : new Error(String(error))))
    worker.on('exit', (code) => {
      this.#workers.delete(worker)
      if (this.#running.has(worker))
        this.#break(new Error(`a worker thread ended with code ${code} in the middle of a job`))
    })
    return worker
  }

  #finish(worker: Worker, reply: WorkerReply<Result>): void {
    const waiting = this.#running.get(worker)
    this.#running.delete(worker)
    this.#idle.push(worker)
    if (reply.ok) waiting?.settle.resolve(reply.result)
    else waiting?.settle.reject(reply.isInput ? new InputError(reply.message) : new Error(reply.message))
    this.#dispatch()
  }

  #break(error: Error): void {
    this.#broken ??= error
    for (const { settle } of [...this.#queue.splice(0), ...this.#running.values()]) settle.reject(this.#broken)
    this.#running.clear()
  }
}
