import { Worker } from 'node:worker_threads'
import { JobGate } from './job-gate.ts'
import type { EncodeOptions, Tokenizer } from './tokenizer.ts'
import { messageOf, TokenizerError } from './tokenizer-error.ts'
import type { TokenizerSpec } from './tokenizer-spec.ts'

/** What the thread answers; id 0 says that it is ready. */
export type ThreadReply =
  | { readonly id: number; readonly ok: true; readonly ids: Uint32Array<ArrayBuffer> }
  | { readonly id: number; readonly ok: false; readonly message: string }

export interface ThreadOptions {
  /** Texts that may wait; one more is refused. */
  readonly queue?: number
  /** Milliseconds one text may take, and one more for each 100 characters; the thread is then replaced. Guards against patterns that backtrack for ever. */
  readonly timeoutMs?: number
  /** Milliseconds the thread may take to read the vocabulary. */
  readonly startTimeoutMs?: number
  /** The file the thread runs. */
  readonly script?: URL
}

/** Characters in a millisecond that a busy machine still gets through. */
const SLOWEST = 100

const SCRIPT = import.meta.url.endsWith('.ts')
  ? new URL('./tokenizer-thread.ts', import.meta.url)
  : new URL('./tokenizer-thread.js', import.meta.url)

/**
 * The JavaScript `@huggingface/tokenizers` in a thread of its own: for machines without a native binary. A thread that
 * dies fails the text it was at and is replaced for the next one. Rejects where the tokenizer is not understood.
 */
export async function createWorkerTokenizer(spec: TokenizerSpec, options: ThreadOptions = {}): Promise<Tokenizer> {
  const tokenizer = new WorkerTokenizer(spec, options)
  await tokenizer.start()
  return tokenizer
}

interface Running {
  readonly worker: Worker
  readonly ready: Promise<Uint32Array>
}

class WorkerTokenizer implements Tokenizer {
  readonly kind = 'thread'
  readonly #spec: TokenizerSpec
  readonly #options: Required<ThreadOptions>
  readonly #gate: JobGate
  #thread: Running | undefined
  #lastId = 0
  #closed = false

  constructor(spec: TokenizerSpec, options: ThreadOptions) {
    this.#spec = spec
    this.#options = { queue: 256, timeoutMs: 5000, startTimeoutMs: 60_000, script: SCRIPT, ...options }
    // One text at a time, also where the one before was given up: its answer still comes first.
    this.#gate = new JobGate({ running: 1, waiting: this.#options.queue }, 'tokenizer thread')
  }

  async start(): Promise<void> {
    this.#thread ??= this.#spawn()
    await this.#thread.ready
  }

  async encode(text: string, { addSpecialTokens = false, signal }: EncodeOptions = {}): Promise<Uint32Array> {
    return await this.#gate.run(async () => {
      await this.start()
      return await this.#ask(text, addSpecialTokens)
    }, signal)
  }

  async count(text: string, options?: EncodeOptions): Promise<number> {
    return (await this.encode(text, options)).length
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true
    await this.#thread?.worker.terminate()
  }

  #spawn(): Running {
    if (this.#closed) throw new TokenizerError('unavailable', 'expected an open tokenizer, found it closed')
    const { json, config } = this.#spec
    const worker = new Worker(this.#options.script, { workerData: { json, config } })
    // Never the reason that the program stays alive.
    worker.unref()
    const drop = (): void => {
      if (this.#thread?.worker === worker) this.#thread = undefined
    }
    worker.on('error', drop)
    worker.on('exit', drop)
    const ready = this.#reply(worker, 0, this.#options.startTimeoutMs, `reading ${this.#spec.source}`)
    // Whoever awaits it learns of a failure; the first start always does.
    ready.catch(drop)
    return { worker, ready }
  }

  async #ask(text: string, addSpecialTokens: boolean): Promise<Uint32Array> {
    const worker = this.#thread?.worker
    if (worker === undefined) throw new TokenizerError('failed', 'expected a tokenizer thread, found that it ended')
    const id = ++this.#lastId
    const timeoutMs = this.#options.timeoutMs + Math.floor(text.length / SLOWEST)
    const reply = this.#reply(worker, id, timeoutMs, `encoding ${text.length} characters`)
    worker.postMessage({ id, text, addSpecialTokens })
    return await reply
  }

  /** The answer with that id; whatever else ends the thread rejects. */
  #reply(worker: Worker, id: number, timeoutMs: number, what: string): Promise<Uint32Array> {
    const { promise, resolve, reject } = Promise.withResolvers<Uint32Array>()
    const fail = (found: string, cause?: unknown): void =>
      reject(new TokenizerError('failed', `${what}: expected token ids, found: ${found}`, { cause }))
    const onMessage = (reply: ThreadReply): void => {
      if (reply.id !== id) return
      if (reply.ok) resolve(reply.ids)
      else fail(reply.message)
    }
    const onError = (error: unknown): void => fail(messageOf(error), error)
    const onExit = (code: number): void => fail(`the thread ended with code ${code}`)
    const timer = setTimeout(() => {
      fail(`no answer within ${timeoutMs} ms; the thread is replaced`)
      if (this.#thread?.worker === worker) this.#thread = undefined
      void worker.terminate()
    }, timeoutMs)
    worker.on('message', onMessage).on('error', onError).on('exit', onExit)
    // While something is asked the program does wait for it.
    worker.ref()
    return promise.finally(() => {
      clearTimeout(timer)
      worker.unref()
      worker.off('message', onMessage).off('error', onError).off('exit', onExit)
    })
  }
}
