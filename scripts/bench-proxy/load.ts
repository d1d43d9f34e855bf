import { type Dispatcher, Pool } from 'undici'
import type { Prompt } from './prompts.ts'

/** What is sent to a relay, and what has to come back. */
export interface Load {
  /** One request at a time is on its way with each of these. */
  readonly prompts: readonly Prompt[]
  readonly headers: readonly string[]
  readonly answerBytes: number
  /** Requests are sent one after the other for so long; with 0, each prompt is sent once. */
  readonly seconds: number
}

/** What a load came to. */
export interface LoadResult {
  readonly answers: number
  /** Pieces in which the bodies of the answers came in. */
  readonly chunks: number
}

/** The connections of the load generator to one relay. They are kept for the whole run. */
export function connect(url: string): Pool {
  return new Pool(url, { connections: null, pipelining: 1, headersTimeout: 30_000, keepAliveTimeout: 60_000 })
}

/** Puts the load on the relay. Rejects on the first answer that is not as expected. */
export async function runLoad(pool: Pool, load: Load): Promise<LoadResult> {
  const until = performance.now() + load.seconds * 1000
  const lanes = load.prompts.map((prompt) => new Lane(pool, load, prompt, until).run())
  const results = await Promise.all(lanes)
  return {
    answers: results.reduce((sum, { answers }) => sum + answers, 0),
    chunks: results.reduce((sum, { chunks }) => sum + chunks, 0),
  }
}

/** Sends one request after the other. */
class Lane implements Dispatcher.DispatchHandler {
  readonly #pool: Pool
  readonly #load: Load
  readonly #prompt: Prompt
  readonly #until: number
  readonly #done = Promise.withResolvers<LoadResult>()
  #answers = 0
  #chunks = 0
  #status = 0
  #bytes = 0

  constructor(pool: Pool, load: Load, prompt: Prompt, until: number) {
    this.#pool = pool
    this.#load = load
    this.#prompt = prompt
    this.#until = until
  }

  run(): Promise<LoadResult> {
    this.#send()
    return this.#done.promise
  }

  #send(): void {
    this.#prompt.renew()
    this.#bytes = 0
    const headers = [...this.#load.headers]
    const { bytes: body } = this.#prompt
    this.#pool.dispatch({ path: '/v1/chat/completions', method: 'POST', headers, body }, this)
  }

  onRequestStart(): void {}

  onResponseStart(_controller: Dispatcher.DispatchController, status: number): void {
    this.#status = status
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#bytes += chunk.length
    this.#chunks += 1
  }

  onResponseEnd(): void {
    const { answerBytes } = this.#load
    if (this.#status !== 200 || this.#bytes !== answerBytes) {
      const found = `status ${this.#status} and ${this.#bytes} bytes`
      this.#done.reject(new Error(`expected status 200 and ${answerBytes} bytes, found ${found}`))
      return
    }
    this.#answers += 1
    if (performance.now() < this.#until) this.#send()
    else this.#done.resolve({ answers: this.#answers, chunks: this.#chunks })
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#done.reject(error)
  }
}
