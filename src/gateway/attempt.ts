import type { ServerResponse } from 'node:http'
import type { Dispatcher } from 'undici'
import type { Choice } from '../core/scheduler.ts'
import type { OutcomeKind, RequestOutcome } from '../core/outcome.ts'
import { createAnswerMeter, type AnswerMeter } from '../protocol/answer-meter.ts'
import { relayResponseHeaders } from '../protocol/hop-by-hop.ts'
import type { Route } from '../protocol/route.ts'
import { type FailureReason, failureOfError, failureOfStatus, isStaleSocket } from './retry-rule.ts'
import type { Upstream } from './upstream.ts'

/** Seconds within which a reset of a kept connection means that it was stale, not that the engine died. */
const STALE_WITHIN = 1

/** What an attempt needs of the exchange it belongs to. */
export interface AttemptOwner {
  readonly route: Route
  readonly response: ServerResponse
  /** The request line, headers and bytes to send. */
  readonly outgoing: Dispatcher.DispatchOptions
  /** Monotonic clock in seconds. */
  clock(): number
  /** Adds Kvasir's headers to those of the engine's answer, a flat name, value list. */
  addHeaders(headers: string[], choice: Choice): void
  /** True when another endpoint may be tried in place of this one. */
  mayFailOver(attempt: Attempt): boolean
  /** The attempt failed before its first byte; `error` is absent when it was the answer's status that failed. */
  failed(attempt: Attempt, reason: FailureReason, error?: Error): void
  /** The first content token was relayed. */
  firstToken(): void
  /** The attempt is over and its answer (or the break of it) has reached the client. */
  completed(attempt: Attempt, outcome: RequestOutcome): void
}

type State = 'waiting' | 'relaying' | 'dropped' | 'over'

/**
 * One attempt to have a request answered by one endpoint: sends the client's bytes, relays the engine's answer chunk by
 * chunk with back-pressure, and ends its lease exactly once.
 */
export class Attempt implements Dispatcher.DispatchHandler {
  readonly choice: Choice
  readonly upstream: Upstream
  /** HTTP status of the engine's answer, 0 before there is one. */
  status = 0
  readonly #owner: AttemptOwner
  readonly #sentAt: number
  #controller: Dispatcher.DispatchController | undefined
  #meter: AnswerMeter | undefined
  #state: State = 'waiting'
  #firstTokenAt: number | undefined
  #connectionsBefore: number
  #reused = false
  #retriedStale = false

  constructor(owner: AttemptOwner, choice: Choice, upstream: Upstream) {
    this.choice = choice
    this.#owner = owner
    this.upstream = upstream
    this.#sentAt = owner.clock()
    this.#connectionsBefore = upstream.connections
  }

  send(): void {
    this.#connectionsBefore = this.upstream.connections
    this.upstream.dispatch(this.#owner.outgoing, this)
  }

  /** The client has left: closes the connection to the engine at once, so that it stops working on the request. */
  abort(): void {
    if (this.#state === 'over') return
    this.#finish('aborted')
    this.#controller?.abort(new Error('the client went away'))
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    this.#reused = this.upstream.connections === this.#connectionsBefore
    if (this.#state === 'over') controller.abort(new Error('the client went away'))
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
    statusText?: string,
  ): void {
    if (status < 200 || this.#state !== 'waiting') return
    this.status = status
    const failure = failureOfStatus(status)
    if (failure !== undefined && this.#owner.mayFailOver(this)) {
      this.#state = 'dropped'
      this.#endLease(failure === 'refused' ? 'refused' : 'failed')
      this.#owner.failed(this, failure)
      return
    }
    // A compressed answer cannot be read, only relayed.
    const type = headers['content-encoding'] === undefined ? headers['content-type'] : undefined
    this.#meter = createAnswerMeter(this.#owner.route, Array.isArray(type) ? type[0] : type)
    this.#relayHead(controller, status, statusText, headers['content-length'] !== undefined)
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#state !== 'relaying') return
    if (this.#meter?.chunk(chunk) === true) this.#noteFirstToken()
    const { response } = this.#owner
    if (response.write(chunk)) return
    controller.pause()
    response.once('drain', () => controller.resume())
  }

  onResponseEnd(): void {
    if (this.#state !== 'relaying') return
    this.#owner.response.end()
    this.#finish(this.status < 400 ? 'finished' : failureOfStatus(this.status) === 'refused' ? 'refused' : 'failed')
  }

  onResponseError(_controller: Dispatcher.DispatchController | undefined, error: Error): void {
    if (this.#state === 'over' || this.#state === 'dropped') return
    if (this.#state === 'relaying') {
      // The answer is cut short: breaking the connection is the only honest end.
      this.#owner.response.destroy()
      this.#finish('failed')
      return
    }
    if (this.#mayRetryStale(error)) {
      this.#retriedStale = true
      this.upstream.dispatchFresh(this.#owner.outgoing, this)
      return
    }
    this.#state = 'dropped'
    this.#endLease('failed')
    this.#owner.failed(this, failureOfError(error), error)
  }

  #mayRetryStale(error: Error): boolean {
    if (this.#retriedStale || !this.#reused || !isStaleSocket(error)) return false
    return this.#owner.clock() - this.#sentAt < STALE_WITHIN
  }

  #relayHead(
    controller: Dispatcher.DispatchController,
    status: number,
    statusText: string | undefined,
    knownLength: boolean,
  ): void {
    this.#state = 'relaying'
    const headers = relayResponseHeaders(namesAndValues(controller.rawHeaders))
    this.#owner.addHeaders(headers, this.choice)
    const { response } = this.#owner
    if (statusText === undefined || statusText === '') response.writeHead(status, headers)
    else response.writeHead(status, statusText, headers)
    // Head and first chunk of a stream usually arrive together: they leave in one packet, but a lone head is not held.
    if (!knownLength) process.nextTick(flushHead, response)
  }

  #noteFirstToken(): void {
    this.#firstTokenAt = this.#owner.clock()
    if (this.status >= 400) return
    this.choice.lease.firstToken(this.#firstTokenAt)
    this.#owner.firstToken()
  }

  #finish(kind: OutcomeKind): void {
    this.#state = 'over'
    this.#owner.completed(this, this.#endLease(kind))
  }

  #endLease(kind: OutcomeKind): RequestOutcome {
    const now = this.#owner.clock()
    const summary = this.#meter?.finish()
    const outcome: RequestOutcome = {
      kind,
      ttft: this.#firstTokenAt === undefined ? undefined : this.#firstTokenAt - this.#sentAt,
      e2e: now - this.#sentAt,
      outputTokens: summary?.usage?.completionTokens ?? summary?.events ?? 0,
      usage: summary?.usage,
    }
    this.choice.lease.end(outcome, now)
    return outcome
  }
}

function flushHead(response: ServerResponse): void {
  if (!response.writableEnded && !response.destroyed) response.flushHeaders()
}

/** undici hands raw headers over as bytes, one byte a character. */
function namesAndValues(raw: Dispatcher.DispatchController['rawHeaders']): string[] {
  const flat: string[] = []
  if (!Array.isArray(raw)) return flat
  for (const part of raw) flat.push(typeof part === 'string' ? part : part.toString('latin1'))
  return flat
}
