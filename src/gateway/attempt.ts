import type { Dispatcher } from 'undici'
import type { Choice } from '../core/scheduler.ts'
import type { OutcomeKind, RequestOutcome } from '../core/outcome.ts'
import { createAnswerMeter, type AnswerMeter } from '../protocol/answer-meter.ts'
import type { AnswerSummary } from '../protocol/answer-summary.ts'
import { SseMeter } from '../protocol/sse-meter.ts'
import { blameOf } from '../protocol/stream-blame.ts'
import { UsageFilter } from '../protocol/usage-filter.ts'
import { type AnswerHead, answerHeaders, writeAnswerHead } from './answer-head.ts'
import type { AttemptOwner, AttemptView } from './attempt-owner.ts'
import type { EngineRequest } from './engine-request.ts'
import { GatheredAnswer } from './gathered-answer.ts'
import { HeldAnswer } from './held-answer.ts'
import { type FailureReason, failureOfError, failureOfStatus, faultOfStatus, isStaleSocket } from './retry-rule.ts'
import type { Upstream } from './upstream.ts'

/** Seconds within which a reset of a kept connection means that it was stale, not that the engine died. */
const STALE_WITHIN = 1
/** Seconds that telling an engine to stop may take. */
const STOP_TIMEOUT = 5

type State = 'waiting' | 'holding' | 'gathering' | 'relaying' | 'dropped' | 'over'

/**
 * One attempt to have a request answered by one endpoint: sends it, relays the engine's answer chunk by chunk with
 * back-pressure, and ends its lease exactly once. The head of a stream waits for the first token while another endpoint
 * could still answer instead.
 */
export class Attempt implements AttemptView, Dispatcher.DispatchHandler {
  readonly choice: Choice
  readonly upstream: Upstream
  readonly sent: EngineRequest
  /** HTTP status that the client got, 0 before it got one. */
  status = 0
  readonly #owner: AttemptOwner
  readonly #sentAt: number
  #controller: Dispatcher.DispatchController | undefined
  #head: AnswerHead | undefined
  #meter: AnswerMeter | undefined
  #filter: UsageFilter | undefined
  #held: HeldAnswer | undefined
  #gathered: GatheredAnswer | undefined
  #summary: AnswerSummary | undefined
  #state: State = 'waiting'
  #firstTokenAt: number | undefined
  #connectionsBefore: number
  #reused = false
  #retriedStale = false

  constructor(owner: AttemptOwner, choice: Choice, upstream: Upstream, sent: EngineRequest) {
    this.choice = choice
    this.#owner = owner
    this.upstream = upstream
    this.sent = sent
    this.#sentAt = owner.clock()
    this.#connectionsBefore = upstream.connections
  }

  send(): void {
    this.#connectionsBefore = this.upstream.connections
    this.upstream.dispatch(this.sent.options, this)
  }

  /** The client has left: closes the connection to the engine at once, so that it stops working on the request. */
  abort(): void {
    if (this.#state === 'over') return
    this.#finish('aborted')
    this.#controller?.abort(new Error('the client went away'))
    this.#stopEngine()
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
    const load = this.sent.loadHeader === undefined ? undefined : headers[this.sent.loadHeader]
    if (typeof load === 'string') this.#owner.loadTold(this, load)
    const failure = failureOfStatus(status)
    const retryAfter = headers['retry-after']
    if (failure === 'refused' && retryAfter !== undefined) this.#owner.restWanted(this, retryAfter)
    if (failure !== undefined && this.#failOver(failure)) return
    // A compressed answer cannot be read, only relayed.
    const type = headers['content-encoding'] === undefined ? headers['content-type'] : undefined
    this.#meter = createAnswerMeter(this.#owner.route, Array.isArray(type) ? type[0] : type)
    this.#head = { status, statusText, controller, knownLength: headers['content-length'] !== undefined }
    if (status === 200 && this.#meter instanceof SseMeter) this.#startStream()
    else this.#relayHead(this.#head)
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#state === 'relaying') {
      if (this.#meter?.chunk(chunk) === true) this.#noteFirstToken()
      this.#write(controller, this.#filter === undefined ? chunk : this.#filter.pass(chunk))
    } else if (this.#state === 'holding') this.#holdBack(chunk)
    else if (this.#state === 'gathering') this.#gather(chunk)
  }

  onResponseEnd(): void {
    if (this.#state === 'gathering') {
      if (this.#gathered?.complete === true) this.#replyGathered()
      else this.#fail('reset', new Error('its stream ended before its answer did'))
      return
    }
    if (this.#state === 'holding') this.#release()
    if (this.#state !== 'relaying') return
    const rest = this.#filter?.rest()
    if (rest !== undefined && rest.length > 0) this.#owner.response.write(rest)
    this.#owner.response.end()
    this.#finishAnswer()
  }

  onResponseError(_controller: Dispatcher.DispatchController | undefined, error: Error): void {
    if (this.#state === 'over' || this.#state === 'dropped') return
    const reason = failureOfError(error)
    if (reason === 'timeout') this.#stopEngine()
    if (this.#state === 'relaying') {
      // The answer is cut short: breaking the connection is the only honest end.
      this.#owner.response.destroy()
      this.#finish('failed', this.status < 400 ? 'reset' : faultOfStatus(this.status))
    } else if (this.#state === 'waiting' && this.#mayRetryStale(error)) {
      this.#retriedStale = true
      this.upstream.dispatchFresh(this.sent.options, this)
    } else this.#fail(reason, error)
  }

  #mayRetryStale(error: Error): boolean {
    if (this.#retriedStale || !this.#reused || !isStaleSocket(error)) return false
    return this.#owner.clock() - this.#sentAt < STALE_WITHIN
  }

  /** An event stream has begun: it is gathered, held back, or relayed at once. */
  #startStream(): void {
    const { route, holdHead } = this.#owner
    if (this.sent.gather) {
      this.#gathered = new GatheredAnswer(route.name === 'chat')
      this.#state = 'gathering'
      return
    }
    if (this.sent.strip !== 'nothing') this.#filter = new UsageFilter(this.sent.strip === 'usage and nulls')
    if (route.generates && holdHead > 0 && this.#owner.mayFailOver(this, 'server-error')) {
      this.#held = new HeldAnswer(holdHead, () => this.#release())
      this.#state = 'holding'
    } else if (this.#head !== undefined) this.#relayHead(this.#head)
  }

  #holdBack(chunk: Buffer): void {
    const first = this.#meter?.chunk(chunk) === true
    const full = this.#held?.add(this.#filter === undefined ? chunk : this.#filter.pass(chunk))
    const error = this.#meter?.errorEvent
    if (first) this.#noteFirstToken()
    else if (error !== undefined) {
      const blame = blameOf(error)
      const reason = blame === 'load' ? 'refused' : 'server-error'
      if (blame !== 'client' && this.#failOver(reason, new Error(error.message))) return
    } else if (full !== true) return
    this.#release()
  }

  /** Lets the client see what was held back; from now on this endpoint's answer is the answer. */
  #release(): void {
    const held = this.#held
    if (this.#state !== 'holding' || held === undefined || this.#head === undefined) return
    held.end()
    this.#relayHead(this.#head)
    for (const chunk of held.chunks) this.#write(this.#head.controller, chunk)
  }

  #gather(chunk: Buffer): void {
    if (this.#meter?.chunk(chunk) === true) {
      this.#firstTokenAt = this.#owner.clock()
      this.choice.lease.firstToken(this.#firstTokenAt)
    }
    this.#gathered?.chunk(chunk)
    const blame = this.#gathered?.blame
    if (blame === undefined) return
    const reason = blame === 'load' ? 'refused' : 'server-error'
    if (blame !== 'client' && this.#failOver(reason, new Error('it reported an error in its stream'))) return
    this.#replyGathered()
  }

  #replyGathered(): void {
    if (this.#gathered === undefined || this.#head === undefined) return
    const { status, headers, body } = this.#gathered.reply(answerHeaders(this.#head, false, this.sent.loadHeader))
    this.#owner.addHeaders(headers, this.choice)
    this.#owner.response.writeHead(status, headers)
    this.#owner.response.end(body)
    this.status = status
    if (status < 400) this.#owner.firstToken()
    this.#finishAnswer()
  }

  #relayHead(head: AnswerHead): void {
    this.#state = 'relaying'
    this.status = head.status
    const headers = answerHeaders(head, this.#filter === undefined, this.sent.loadHeader)
    this.#owner.addHeaders(headers, this.choice)
    writeAnswerHead(this.#owner.response, head, headers)
  }

  #write(controller: Dispatcher.DispatchController, bytes: Uint8Array): void {
    const { response } = this.#owner
    if (bytes.length === 0 || response.write(bytes)) return
    if (controller.paused) return
    controller.pause()
    response.once('drain', () => controller.resume())
  }

  #noteFirstToken(): void {
    this.#firstTokenAt = this.#owner.clock()
    if (this.status >= 400) return
    this.choice.lease.firstToken(this.#firstTokenAt)
    this.#owner.firstToken()
  }

  /** Leaves the request to another endpoint; false where there is none. */
  #failOver(reason: FailureReason, error?: Error): boolean {
    if (!this.#owner.mayFailOver(this, reason)) return false
    this.#fail(reason, error)
    return true
  }

  #fail(reason: FailureReason, error?: Error): void {
    this.#state = 'dropped'
    this.#endLease(reason === 'refused' ? 'refused' : 'failed')
    this.#owner.failed(this, reason, error)
  }

  /** The whole answer has reached the client: what it was decides how the attempt ended. */
  #finishAnswer(): void {
    const refused = failureOfStatus(this.status) === 'refused'
    if (this.status >= 400) return this.#finish(refused ? 'refused' : 'failed', faultOfStatus(this.status))
    this.#summary = this.#meter?.finish()
    const error = this.#meter?.errorEvent
    if (error === undefined) {
      if (this.#owner.route.generates && this.#summary?.finished === false) this.#owner.unreadable(this)
      return this.#finish('finished')
    }
    const blame = blameOf(error)
    this.#finish(blame === 'load' ? 'refused' : 'failed', blame === 'engine' ? 'server-error' : undefined)
  }

  #finish(kind: OutcomeKind, fault?: FailureReason): void {
    this.#state = 'over'
    this.#owner.completed(this, this.#endLease(kind), fault)
  }

  #endLease(kind: OutcomeKind): RequestOutcome {
    this.#held?.end()
    const now = this.#owner.clock()
    const summary = this.#summary ?? this.#meter?.finish()
    const usage = kind === 'finished' ? this.#owner.understoodUsage(this, summary?.usage) : summary?.usage
    const outcome: RequestOutcome = {
      kind,
      ttft: this.#firstTokenAt === undefined ? undefined : this.#firstTokenAt - this.#sentAt,
      e2e: now - this.#sentAt,
      outputTokens: usage?.completionTokens ?? summary?.events ?? 0,
      usage,
    }
    this.choice.lease.end(outcome, now)
    return outcome
  }

  /** Tells an engine to stop that would not notice, or only late, that nobody listens. */
  #stopEngine(): void {
    const { stop } = this.sent
    if (stop === undefined) return
    // Where it cannot be told, the closed connection has to do.
    this.upstream.post(stop.path, JSON.stringify({ rid: stop.rid }), stop.headers, STOP_TIMEOUT).catch(() => undefined)
  }
}
