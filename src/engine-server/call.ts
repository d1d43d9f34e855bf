import type { ServerResponse } from 'node:http'
import type { EngineDriver, GenerationListener } from './engine-driver.ts'
import type { Faults } from './faults.ts'
import type { Generation } from './generation.ts'
import type { ReplyShape } from './reply-shape.ts'
import { writeChunk } from './write-chunk.ts'

/** What a route wants from the engine, and how it is answered. */
export interface Plan {
  readonly stream: boolean
  readonly generations: readonly Generation[]
  readonly shape: ReplyShape
}

/** What a call needs of the engine. */
export interface CallHost {
  readonly driver: EngineDriver
  readonly faults: Faults
  /** Headers of the answer besides its type, asked for when the headers are written. */
  readonly headers?: (() => Readonly<Record<string, string>>) | undefined
}

/**
 * One HTTP request while its answers are generated. Writes all that is due once per wake-up of the engine; a client
 * that leaves takes its generations out of the engine at once.
 */
export class Call implements GenerationListener {
  readonly #response: ServerResponse
  readonly #host: CallHost
  readonly #plan: Plan
  /** Tokens written, by position of the answer. */
  readonly #written: number[]
  #open: number

  private constructor(response: ServerResponse, host: CallHost, plan: Plan) {
    this.#response = response
    this.#host = host
    this.#plan = plan
    this.#written = plan.generations.map(() => 0)
    this.#open = plan.generations.length
  }

  /** Submits the generations and answers them on the response. */
  static start(response: ServerResponse, host: CallHost, plan: Plan): void {
    if (response.closed) return
    const call = new Call(response, host, plan)
    if (plan.stream) {
      response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', ...host.headers?.() })
      response.flushHeaders()
    }
    response.once('close', () => call.#leave())
    for (const generation of plan.generations) host.driver.submit(generation, call)
  }

  progress(generation: Generation, generated: number, ended: boolean): void {
    const { stallAfter, resetAfter, truncateAfter } = this.#host.faults
    const limit = Math.min(stallAfter ?? Infinity, resetAfter ?? Infinity, truncateAfter ?? Infinity)
    const text = this.#plan.stream ? this.#tokens(generation, Math.min(generated, limit)) : ''
    if (generated >= limit) this.#fail(text)
    else if (ended && --this.#open === 0) this.#end(text)
    else if (text !== '') writeChunk(this.#response, text)
  }

  crashed(): void {
    this.#response.socket?.resetAndDestroy()
  }

  #tokens(generation: Generation, upTo: number): string {
    const { shape } = this.#plan
    const from = this.#written[generation.index] ?? 0
    this.#written[generation.index] = Math.max(from, upTo)
    let text = ''
    for (let index = from; index < upTo; index++) text += shape.token(generation, index)
    return text
  }

  #end(text: string): void {
    const { stream, shape, generations } = this.#plan
    if (stream) {
      this.#response.end(text + shape.end(generations))
      return
    }
    const body = Buffer.from(JSON.stringify(shape.body(generations)))
    const type = { 'content-type': 'application/json', 'content-length': body.length }
    this.#response.writeHead(200, { ...type, ...this.#host.headers?.() })
    this.#response.end(body)
  }

  /** Says what may still be said, and then nothing any more: silence, a reset, or an end in the middle. */
  #fail(text: string): void {
    const { socket } = this.#response
    const { resetAfter, truncateAfter } = this.#host.faults
    const then = (): void => {
      if (resetAfter !== null) socket?.resetAndDestroy()
      else if (truncateAfter !== null) socket?.destroySoon()
    }
    if (text === '') then()
    else writeChunk(this.#response, text, then)
  }

  #leave(): void {
    for (const generation of this.#plan.generations) this.#host.driver.abort(generation)
  }
}
