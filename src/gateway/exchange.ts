import type { ServerResponse } from 'node:http'
import type { Dispatcher } from 'undici'
import type { Decision, Refusal } from '../core/decision.ts'
import type { EndpointState } from '../core/endpoint-state.ts'
import { routerError, type RouterError } from '../core/errors.ts'
import type { RequestOutcome } from '../core/outcome.ts'
import type { Pool } from '../core/pool.ts'
import type { SchedulingRequest } from '../core/request.ts'
import type { RequestRecord } from '../core/request-record.ts'
import type { Choice } from '../core/scheduler.ts'
import type { Route } from '../protocol/route.ts'
import { Attempt, type AttemptOwner } from './attempt.ts'
import { addDecisionHeaders } from './decision-headers.ts'
import type { GatewayContext } from './gateway-context.ts'
import { replyError } from './reply-error.ts'
import type { FailureReason } from './retry-rule.ts'

export interface ExchangeParts {
  readonly response: ServerResponse
  readonly route: Route
  readonly pool: Pool
  readonly request: SchedulingRequest
  readonly outgoing: Dispatcher.DispatchOptions
  /** The client's bytes, given back when nobody needs them any more. */
  readonly body: Buffer
  /** Arrival of the request on the monotonic clock, seconds. */
  readonly arrived: number
}

/**
 * A client's request and its answer: tries endpoints in the order of the policy's ranking until one answers, never the
 * same one twice, and reports what became of it exactly once.
 */
export class Exchange implements AttemptOwner {
  readonly route: Route
  readonly response: ServerResponse
  readonly outgoing: Dispatcher.DispatchOptions
  readonly #context: GatewayContext
  readonly #parts: ExchangeParts
  /** Endpoints that failed this request; made when the first one does. */
  #failed: Set<EndpointState> | undefined
  #attempt: Attempt | undefined
  #attempts = 0
  #firstSentAt: number | undefined
  #firstTokenAt: number | undefined
  #lastError: RouterError | undefined
  #reported = false

  constructor(context: GatewayContext, parts: ExchangeParts) {
    this.#context = context
    this.#parts = parts
    this.route = parts.route
    this.response = parts.response
    this.outgoing = parts.outgoing
  }

  /** Sends the request to the best endpoint. */
  start(): void {
    this.response.on('close', () => this.#clientClosed())
    this.#next()
  }

  clock(): number {
    return this.#context.clock()
  }

  addHeaders(headers: string[], choice: Choice): void {
    addDecisionHeaders(headers, this.#context.settings.headers, choice.decision)
  }

  mayFailOver(attempt: Attempt): boolean {
    if (this.#attempts >= this.#context.settings.maxAttempts) return false
    const { endpoint } = attempt.choice.lease
    return this.#parts.pool.eligible.some((other) => other !== endpoint && this.#failed?.has(other) !== true)
  }

  failed(attempt: Attempt, reason: FailureReason, error?: Error): void {
    const { endpoint } = attempt.choice.lease
    this.#failed ??= new Set()
    this.#failed.add(endpoint)
    this.#context.health.failed(endpoint, reason)
    this.#lastError = this.#errorOf(reason, attempt, error)
    if (this.#reported) return
    if (!this.mayFailOver(attempt)) {
      this.#giveUp(this.#lastError, attempt.choice.decision)
      return
    }
    this.#context.observer.retried(attempt.choice.decision, reason)
    this.#next()
  }

  firstToken(): void {
    this.#firstTokenAt = this.clock()
  }

  completed(attempt: Attempt, outcome: RequestOutcome): void {
    const { endpoint } = attempt.choice.lease
    if (outcome.kind === 'finished') {
      this.#context.health.succeeded(endpoint)
      // After any other end, and where an endpoint refused early, a connection may still be sending the bytes.
      if (this.#attempts === 1) this.#context.buffers.give(this.#parts.body)
    }
    // A 4xx is the client's mistake, not the endpoint's illness.
    const clientError = attempt.status >= 400 && attempt.status < 500
    if (outcome.kind === 'failed' && !clientError) {
      this.#context.health.failed(endpoint, attempt.status >= 500 ? 'server-error' : 'reset')
    }
    this.#report(attempt.status === 0 ? 499 : attempt.status, attempt.choice.decision, outcome)
  }

  #next(): void {
    const choice = this.#context.scheduler.choose(this.#parts.pool, this.#parts.request, this.#failed)
    if (!('lease' in choice)) {
      this.#giveUp(this.#lastError ?? errorOfRefusal(choice))
      return
    }
    this.#attempts += 1
    this.#firstSentAt ??= this.clock()
    this.#context.observer.decided(choice.decision)
    const upstream = this.#context.upstreamOf(choice.lease.endpoint)
    this.#attempt = new Attempt(this, choice, upstream)
    this.#attempt.send()
  }

  #errorOf(reason: FailureReason, attempt: Attempt, error: Error | undefined): RouterError {
    const { endpoint } = attempt.choice.lease
    if (reason === 'timeout') {
      const seconds = attempt.upstream.settings.firstByteTimeout
      return routerError('endpoint_timeout', { waitedFor: `the first byte of endpoint '${endpoint.id}'`, seconds })
    }
    const cause = error === undefined ? 'it refused the request' : error.message || error.name
    const details = { attempts: this.#attempts, reason: `endpoint '${endpoint.id}': ${cause}` }
    return routerError(reason === 'unreachable' ? 'endpoint_unreachable' : 'endpoint_failed', details)
  }

  #giveUp(error: RouterError, decision?: Decision): void {
    const { errorShape: shape } = this.route
    const idHeader = this.#context.settings.headers.requestId
    replyError(this.response, { shape, error, idHeader, requestId: this.#parts.request.id, decision })
    this.#report(error.status, decision, undefined, error.code)
  }

  #clientClosed(): void {
    if (this.#reported) return
    this.#attempt?.abort()
  }

  #report(status: number, decision?: Decision, outcome?: RequestOutcome, error?: string): void {
    if (this.#reported) return
    this.#reported = true
    const { arrived, request, pool, route } = this.#parts
    const now = this.clock()
    const record: RequestRecord = {
      requestId: request.id,
      route: route.name,
      model: pool.model,
      streamed: request.streamed,
      arrivedAt: this.#context.wallClock() - (now - arrived) * 1000,
      queueSeconds: this.#firstSentAt === undefined ? undefined : this.#firstSentAt - arrived,
      ttft: this.#firstTokenAt === undefined ? undefined : this.#firstTokenAt - arrived,
      e2e: now - arrived,
      status,
      error,
      attempts: this.#attempts,
      decision,
      outcome,
    }
    this.#context.observer.ended(record, request)
  }
}

function errorOfRefusal({ code, message, retryAfterSeconds }: Refusal): RouterError {
  return routerError(code, { reason: message, retryAfterSeconds })
}
