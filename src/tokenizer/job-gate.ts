import { TokenizerError } from './tokenizer-error.ts'

interface Waiting {
  start(): void
}

export interface GateLimits {
  /** Jobs under way at once. */
  readonly running: number
  /** Jobs that may wait behind them; one more is refused. */
  readonly waiting: number
}

/** Lets a bounded number of jobs run and a bounded number wait, first come first served. */
export class JobGate {
  readonly #limits: GateLimits
  readonly #what: string
  readonly #queue = new Set<Waiting>()
  #running = 0

  /** `what` names the work in the message of a refusal. */
  constructor(limits: GateLimits, what: string) {
    this.#limits = limits
    this.#what = what
  }

  /** True when a job would have to wait. */
  get full(): boolean {
    return this.#running >= this.#limits.running
  }

  get waiting(): number {
    return this.#queue.size
  }

  /**
   * Runs `job` when there is room. Rejects with `busy` when too many wait, or with the signal's reason when it fires
   * first; a job that was given up keeps its place until it ends.
   */
  async run<T>(job: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    signal?.throwIfAborted()
    if (this.full) await this.#turn(signal)
    else this.#running++
    const running = job().finally(() => this.#release())
    return await untilAborted(running, signal)
  }

  /** Resolves with a place that the job before handed over. */
  #turn(signal: AbortSignal | undefined): Promise<void> {
    const { running, waiting } = this.#limits
    if (this.#queue.size >= waiting) {
      const found = `${running} running and ${waiting} waiting`
      return Promise.reject(new TokenizerError('busy', `${this.#what}: expected room for one more, found ${found}`))
    }
    const settle = Promise.withResolvers<void>()
    const entry: Waiting = {
      start: () => {
        signal?.removeEventListener('abort', abort)
        settle.resolve()
      },
    }
    const abort = (): void => {
      this.#queue.delete(entry)
      settle.reject(reasonOf(signal))
    }
    this.#queue.add(entry)
    signal?.addEventListener('abort', abort, { once: true })
    return settle.promise
  }

  #release(): void {
    const [next] = this.#queue
    if (next === undefined) {
      this.#running--
      return
    }
    this.#queue.delete(next)
    next.start()
  }
}

/** The promise's result, or the signal's reason if that comes first. */
export async function untilAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return await promise
  const settle = Promise.withResolvers<T>()
  const abort = (): void => settle.reject(reasonOf(signal))
  signal.addEventListener('abort', abort, { once: true })
  if (signal.aborted) abort()
  promise.then(settle.resolve, settle.reject)
  try {
    return await settle.promise
  } finally {
    signal.removeEventListener('abort', abort)
  }
}

function reasonOf(signal: AbortSignal | undefined): Error {
  const reason: unknown = signal?.reason
  return reason instanceof Error ? reason : new Error('aborted', { cause: reason })
}
