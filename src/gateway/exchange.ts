import type { ServerResponse } from 'node:http'
import type { Decision, Refusal } from '../core/decision.ts'
import type { EndpointState } from '../core/endpoint-state.ts'
import { routerError, type RouterError } from '../core/errors.ts'
import type { ReportedUsage, RequestOutcome } from '../core/outcome.ts'
import type { Pool } from '../core/pool.ts'
import type { SchedulingRequest } from '../core/request.ts'
import { type RequestRecord, reuseReport } from '../core/request-record.ts'
import type { Choice } from '../core/scheduler.ts'
import { engineQuirks } from '../protocol/engine-quirks.ts'
import type { Route } from '../protocol/route.ts'
import { Attempt } from './attempt.ts'
import type { AttemptOwner, AttemptView } from './attempt-owner.ts'
import type { CacheReports } from './cache-reports.ts'
import { otherRanks } from './client-rank.ts'
import { addDecisionHeaders } from './decision-headers.ts'
import { type ClientRequest, type EngineRequest, engineRequest, plainRequest } from './engine-request.ts'
import type { GatewayContext } from './gateway-context.ts'
import { replyError } from './reply-error.ts'
import { type RestingEndpoints, retryAfterSeconds } from './resting-endpoints.ts'
import type { FailureReason } from './retry-rule.ts'

export interface ExchangeParts {
  readonly response: ServerResponse
  readonly route: Route
  readonly pool: Pool
  readonly request: SchedulingRequest
  /** What the client asks; its bytes are given back when nobody needs them any more. */
  readonly client: ClientRequest
  readonly resting: RestingEndpoints
  readonly cacheReports: CacheReports
  /** The data-parallel rank that the client asks for. */
  readonly rank?: number | undefined
  /** Arrival of the request on the monotonic clock, seconds. */
  readonly arrived: number
}

const NEVER_SENT: RequestOutcome = { kind: 'failed', ttft: undefined, e2e: 0, outputTokens: 0, usage: undefined }

/**
 * A client's request and its answer: tries endpoints in the order of the policy's ranking until one answers, never the
 * same one twice, and reports what became of it exactly once.
 */
export class Exchange implements AttemptOwner {
  readonly route: Route
  readonly response: ServerResponse
  readonly holdHead: number
  readonly #context: GatewayContext
  readonly #parts: ExchangeParts
  /** Endpoints that failed this request, or are not those the client asks for; made when there is one. */
  #failed: Set<EndpointState> | undefined
  #attempt: Attempt | undefined
  /** The request for engines without quirks, made when the first one gets it. */
  #plain: EngineRequest | undefined
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
    this.holdHead = context.settings.holdHead
  }

  /** Sends the request to the best endpoint. */
  start(): void {
    this.response.on('close', () => this.#clientClosed())
    const { rank, pool } = this.#parts
    if (rank !== undefined) {
      const others = otherRanks(pool.endpoints, rank, (endpoint) => this.#context.rankOf?.(endpoint))
      if ('code' in others) return this.#giveUp(others)
      this.#failed = others
    }
    this.#next()
  }

  clock(): number {
    return this.#context.clock()
  }

  addHeaders(headers: string[], choice: Choice): void {
    addDecisionHeaders(headers, this.#context.settings.headers, choice.decision)
  }

  mayFailOver({ choice }: AttemptView, reason: FailureReason): boolean {
    if (this.#attempts >= this.#context.settings.maxAttempts) return false
    const { endpoint } = choice.lease
    for (const other of this.#parts.pool.eligible) {
      if (other === endpoint || this.#failed?.has(other) === true) continue
      // A refusal is worth no more than another that is sure to come.
      if (reason !== 'refused' || !this.#parts.resting.isResting(other, this.clock())) return true
    }
    return false
  }

  restWanted({ choice }: AttemptView, retryAfter: string | string[]): void {
    const seconds = retryAfterSeconds(retryAfter, this.#context.wallClock())
    if (seconds !== undefined) this.#parts.resting.rest(choice.lease.endpoint, seconds, this.clock())
  }

  loadTold({ choice }: AttemptView, header: string): void {
    this.#context.loadInAnswers?.told(choice.lease.endpoint, header)
  }

  understoodUsage({ choice }: AttemptView, usage: ReportedUsage | undefined): ReportedUsage | undefined {
    const { endpoint } = choice.lease
    if (!engineQuirks(this.#context.engineOf?.(endpoint)).silentWhenUncached) return usage
    return this.#parts.cacheReports.complete(endpoint, this.route.name, usage)
  }

  failed(attempt: AttemptView, reason: FailureReason, error?: Error): void {
    const { endpoint } = attempt.choice.lease
    this.#failed ??= new Set()
    this.#failed.add(endpoint)
    this.#context.health.failed(endpoint, reason)
    this.#lastError = this.#errorOf(reason, attempt, error)
    if (this.#reported) return
    if (!this.mayFailOver(attempt, reason)) {
      this.#giveUp(this.#lastError, attempt.choice.decision)
      return
    }
    this.#context.observer.retried(attempt.choice.decision, reason)
    this.#next()
  }

  unreadable({ choice }: AttemptView): void {
    this.#context.answerUnreadable?.(choice.lease.endpoint, this.route.name)
  }

  firstToken(): void {
    this.#firstTokenAt = this.clock()
  }

  completed(attempt: AttemptView, outcome: RequestOutcome, fault?: FailureReason): void {
    const { endpoint } = attempt.choice.lease
    if (outcome.kind === 'finished') {
      this.#context.health.succeeded(endpoint)
      // After any other end, and where an endpoint refused early, a connection may still be sending the bytes.
      if (this.#attempts === 1) this.#giveBack(attempt.sent)
    }
    if (fault !== undefined) this.#context.health.failed(endpoint, fault)
    this.#report(attempt.status === 0 ? 499 : attempt.status, attempt.choice.decision, outcome)
  }

  #giveBack({ changed }: EngineRequest): void {
    const { buffers } = this.#context
    buffers.give(this.#parts.client.body)
    if (changed !== undefined) buffers.give(changed)
  }

  #next(): void {
    const choice = this.#choose()
    if (!('lease' in choice)) {
      this.#giveUp(this.#lastError ?? errorOfRefusal(choice))
      return
    }
    this.#attempts += 1
    this.#firstSentAt ??= this.clock()
    const attempt = this.#attemptAt(choice)
    if (attempt === undefined) return
    this.#attempt = attempt
    attempt.send()
  }

  /** The attempt that takes over the lease. What goes wrong before there is one ends lease and request. */
  #attemptAt(choice: Choice): Attempt | undefined {
    const { decision, lease } = choice
    try {
      this.#context.observer.decided(decision)
      return new Attempt(this, choice, this.#context.upstreamOf(lease.endpoint), this.#requestFor(lease.endpoint))
    } catch (error) {
      lease.end(NEVER_SENT, this.clock())
      this.#giveUp(routerError('internal', {}), decision)
      this.#context.reportFault(this.#parts.request.id, error)
      return undefined
    }
  }

  /** Endpoints that asked to be left alone are chosen only where there is no other. */
  #choose(): Choice | Refusal {
    const { pool, request, resting } = this.#parts
    const { scheduler } = this.#context
    const passedOver = resting.withResting(this.#failed, this.clock())
    const choice = passedOver === undefined ? undefined : scheduler.choose(pool, request, passedOver)
    if (choice !== undefined && 'lease' in choice) return choice
    return scheduler.choose(pool, request, this.#failed)
  }

  #requestFor(endpoint: EndpointState): EngineRequest {
    const { settings, buffers, loadInAnswers } = this.#context
    const engine = this.#context.engineOf?.(endpoint)
    const rank = this.#context.rankOf?.(endpoint)
    const load = loadInAnswers?.asks(endpoint) === true ? loadInAnswers : undefined
    const special = engineRequest(this.#parts.client, engine, { usage: settings.askUsage, load, rank }, buffers)
    return special ?? (this.#plain ??= plainRequest(this.#parts.client, buffers))
  }

  #errorOf(reason: FailureReason, attempt: AttemptView, error: Error | undefined): RouterError {
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
      reuse: decision === undefined || outcome === undefined ? undefined : reuseReport(decision, outcome),
    }
    this.#context.observer.ended(record, request)
  }
}

function errorOfRefusal({ code, message, retryAfterSeconds }: Refusal): RouterError {
  return routerError(code, { reason: message, retryAfterSeconds })
}
