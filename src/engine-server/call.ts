import type { ServerResponse } from 'node:http'
import { noticesAfter } from './client-left.ts'
import type { EngineDriver, GenerationListener } from './engine-driver.ts'
import type { ErrorShape } from './engine-error.ts'
import { EngineError, engineErrorBody, engineErrorEvents } from './engine-error.ts'
import type { Faults } from './faults.ts'
import type { Flavor } from './flavor.ts'
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
  readonly flavor: Flavor
  readonly faults: Faults
  /** Headers of the answer besides its type, asked for when the headers are written. */
  readonly headers?: (() => Readonly<Record<string, string>>) | undefined
  /** What the request can be ended by: one name for all of its answers, or one for each. */
  readonly names: readonly string[]
  readonly errors: ErrorShape
}

/**
 * One HTTP request while its answers are generated. Writes all that is due once per wake-up of the engine; a client
 * that leaves takes its generations out of the engine as soon as the engine notices.
 */
export class Call implements GenerationListener {
  readonly #response: ServerResponse
  readonly #host: CallHost
  readonly #plan: Plan
  /** As they were asked for, or as short as they became. */
  readonly #generations: Generation[]
  /** Tokens written, by position of the answer. */
  readonly #written: number[]
  #open: number
  #left = false

  private constructor(response: ServerResponse, host: CallHost, plan: Plan) {
    this.#response = response
    this.#host = host
    this.#plan = plan
    this.#generations = [...plan.generations]
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
      if (host.faults.commentFirst) writeChunk(response, host.flavor === 'llama.cpp' ? ':\n\n' : ': ping\n\n')
    }
    response.once('close', () => call.#leave())
    for (const generation of plan.generations) host.driver.submit(generation, call)
  }

  nameOf({ index }: Generation): string | undefined {
    const { names } = this.#host
    return names.length > 1 ? names[index] : names[0]
  }

  progress(generation: Generation, generated: number, ended: boolean): void {
    if (this.#left) return
    const limit = this.#limit()
    const text = this.#tokens(generation, Math.min(generated, limit))
    if (generated >= limit) this.#fail(text)
    else if (ended && --this.#open === 0) this.#end(text)
    else if (text !== '') writeChunk(this.#response, text)
  }

  aborted(generation: Generation, generated: number): void {
    if (this.#left) return
    const { stream, shape } = this.#plan
    const short: Generation = { ...generation, outputTokens: generated, finish: 'abort' }
    this.#generations[generation.index] = short
    const text = this.#tokens(generation, generated) + (stream ? (shape.aborted?.(short) ?? '') : '')
    if (--this.#open === 0) this.#end(text)
    else if (text !== '') writeChunk(this.#response, text)
  }

  crashed(): void {
    this.#response.socket?.resetAndDestroy()
  }

  /** Tokens after which a fault is due. */
  #limit(): number {
    const { stallAfter, resetAfter, truncateAfter, errorAfter } = this.#host.faults
    return Math.min(stallAfter ?? Infinity, resetAfter ?? Infinity, truncateAfter ?? Infinity, errorAfter ?? Infinity)
  }

  /** The events of the tokens that are not written yet; none where nothing is streamed. */
  #tokens(generation: Generation, upTo: number): string {
    const { stream, shape } = this.#plan
    if (!stream) return ''
    const from = this.#written[generation.index] ?? 0
    this.#written[generation.index] = Math.max(from, upTo)
    let text = ''
    for (let index = from; index < upTo; index++) text += shape.token(generation, index)
    return text
  }

  #end(text: string): void {
    const { stream, shape } = this.#plan
    if (stream) this.#response.end(text + shape.end(this.#generations))
    else this.#send(200, JSON.stringify(shape.body(this.#generations)))
  }

  #send(status: number, json: string): void {
    const body = Buffer.from(json)
    const type = { 'content-type': 'application/json', 'content-length': body.length }
    this.#response.writeHead(status, { ...type, ...this.#host.headers?.() })
    this.#response.end(body)
  }

  /** Says what may still be said, and then nothing any more: silence, an error, a reset, or an end in the middle. */
  #fail(text: string): void {
    const { socket } = this.#response
    const { resetAfter, truncateAfter, errorAfter } = this.#host.faults
    if (errorAfter === this.#limit()) {
      this.#failWithError(text)
      return
    }
    const then = (): void => {
      if (resetAfter !== null) socket?.resetAndDestroy()
      else if (truncateAfter !== null) socket?.destroySoon()
    }
    if (resetAfter !== null || truncateAfter !== null) this.#drop('error')
    if (text === '') then()
    else writeChunk(this.#response, text, then)
  }

  #failWithError(text: string): void {
    const { errors, faults } = this.#host
    const error = new EngineError(faults.errorStatus, 'The answer failed (a fault that was switched on).')
    this.#open = 0
    this.#drop('error')
    if (this.#plan.stream) this.#response.end(text + engineErrorEvents(error, errors))
    else this.#send(error.status, engineErrorBody(error, errors))
  }

  #leave(): void {
    if (this.#open === 0) return
    this.#left = true
    const seconds = noticesAfter(this.#host.flavor, this.#plan.stream)
    if (seconds === 0) this.#drop('abort')
    else if (seconds < Infinity) setTimeout(() => this.#drop('abort'), seconds * 1000).unref()
  }

  #drop(reason: 'abort' | 'error'): void {
    for (const generation of this.#generations) this.#host.driver.abort(generation, reason)
  }
}
