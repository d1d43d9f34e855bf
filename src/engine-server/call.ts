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

/**
 * One HTTP request while its answers are generated. Writes all that is due once per wake-up of the engine; a client
 * that leaves takes its generations out of the engine at once.
 */
export class Call implements GenerationListener {
  readonly #response: ServerResponse
  readonly #driver: EngineDriver
  readonly #plan: Plan
  readonly #faults: Faults
  /** Tokens written, by position of the answer. */
  readonly #written: number[]
  #open: number

  private constructor(response: ServerResponse, driver: EngineDriver, plan: Plan, faults: Faults) {
    this.#response = response
    this.#driver = driver
    this.#plan = plan
    this.#faults = faults
    this.#written = plan.generations.map(() => 0)
    this.#open = plan.generations.length
  }

  /** Submits the generations and answers them on the response. */
  static start(response: ServerResponse, driver: EngineDriver, plan: Plan, faults: Faults): void {
    if (response.closed) return
    const call = new Call(response, driver, plan, faults)
    if (plan.stream) {
      response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' })
      response.flushHeaders()
    }
    response.once('close', () => call.#leave())
    for (const generation of plan.generations) driver.submit(generation, call)
  }

  progress(generation: Generation, generated: number, ended: boolean): void {
    const { stallAfter, resetAfter, truncateAfter } = this.#faults
    const limit = Math.min(stallAfter ?? Infinity, resetAfter ?? Infinity, truncateAfter ?? Infinity)
    const text = this.#plan.stream ? this.#tokens(generation, Math.min(generated, limit)) : ''
    if (generated >= limit) this.#fail(text)
    else if (ended && --this.#open === 0) this.#end(text)
    else if (text !== '') writeChunk(this.#response, text)
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
    this.#response.writeHead(200, { 'content-type': 'application/json', 'content-length': body.length })
    this.#response.end(body)
  }

  /** Says what may still be said, and then nothing any more: silence, a reset, or an end in the middle. */
  #fail(text: string): void {
    const { socket } = this.#response
    const { resetAfter, truncateAfter } = this.#faults
    const then = (): void => {
      if (resetAfter !== null) socket?.resetAndDestroy()
      else if (truncateAfter !== null) socket?.destroySoon()
    }
    if (text === '') then()
    else writeChunk(this.#response, text, then)
  }

  #leave(): void {
    for (const generation of this.#plan.generations) this.#driver.abort(generation)
  }
}
