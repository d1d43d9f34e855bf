import type { RequestOutcome } from '../core/outcome.ts'
import { createRandom, type Random } from '../workload/random.ts'
import { BacklogVariation } from './backlog-variation.ts'
import { Call } from './call.ts'
import { checkScenario } from './check-scenario.ts'
import { createRouters } from './create-routers.ts'
import { type EndpointChange, endpointChanges } from './endpoint-changes.ts'
import { EngineClock } from './engine-clock.ts'
import { ExactMatches } from './exact-matches.ts'
import { CacheEventLog } from './cache-events.ts'
import { RequestPacing } from './pacing.ts'
import { PolledLoad } from './polled-load.ts'
import { type PreparedWorkload, prepareWorkload } from './prepared-workload.ts'
import { type CallEvents, RunningEndpoint } from './running-endpoint.ts'
import type { Scenario } from './scenario.ts'
import type { SimulatedRouter } from './simulated-router.ts'
import type { SimulatedRequest, SimulationResult } from './simulation-result.ts'
import { TimeQueue } from './time-queue.ts'

const ARRIVE = 0
const SEND = 1
const LOADED = 2
const CHANGE = 3
const POLL = 4

/** One simulation: engines, routers and a clock that jumps from event to event. Runs once. */
export class Simulation implements CallEvents {
  readonly endpoints: readonly RunningEndpoint[]
  readonly routers: readonly SimulatedRouter[]
  readonly #scenario: Scenario
  readonly #prepared: PreparedWorkload
  readonly #matches: ExactMatches
  readonly #polled: PolledLoad | undefined
  readonly #pacing: RequestPacing
  readonly #changes: readonly EndpointChange[]
  readonly #queue = new TimeQueue()
  readonly #clock: EngineClock
  readonly #backlog = new BacklogVariation()
  readonly #routing: Random
  readonly #calls: (Call | undefined)[]
  readonly #results: SimulatedRequest[] = []
  #now = 0
  #arrived = 0
  #ended = 0
  #firstArrival = Number.NaN
  /** Changes to come that make an endpoint ready. */
  #comebacks = 0

  /** Throws a RangeError for a scenario that makes no sense, and a PluginConfigError for a policy that does not exist. */
  constructor(scenario: Scenario) {
    checkScenario(scenario)
    this.#scenario = scenario
    this.#prepared = prepareWorkload(scenario.workload)
    const { requests } = this.#prepared
    const log = scenario.view.kind === 'events' ? new CacheEventLog() : undefined
    this.endpoints = scenario.endpoints.map(
      (spec, i) => new RunningEndpoint(i, spec, this.#prepared.enginePrompts(spec.profile.blockSize), this, log),
    )
    this.#matches = new ExactMatches(
      this.endpoints,
      Int32Array.from(requests, ({ recorded }) => recorded.promptTokens),
    )
    this.#polled = scenario.view.kind === 'polled' ? new PolledLoad(this.endpoints) : undefined
    this.#routing = createRandom(scenario.seed)
    this.routers = createRouters({
      scenario,
      endpoints: this.endpoints,
      promptTree: this.#prepared.promptTree,
      matches: this.#matches,
      polled: this.#polled,
      log,
      clock: () => this.#now,
    })
    this.#clock = new EngineClock(this.endpoints.length)
    this.#changes = endpointChanges(scenario.endpoints)
    this.#calls = requests.map(() => undefined)
    this.#pacing = new RequestPacing(this.#prepared, (request, at) => this.#queue.add(at, ARRIVE, request))
  }

  /** Runs to the end of the last request. */
  run(): SimulationResult {
    for (const [number, { at, kind }] of this.#changes.entries()) {
      this.#queue.add(at, CHANGE, number)
      if (kind === 'join' || kind === 'recover') this.#comebacks++
    }
    if (this.#polled !== undefined) this.#queue.add(0, POLL, 0)
    this.#pacing.begin(this.#scenario.concurrency ?? 1)
    const { requests } = this.#prepared
    while (this.#ended < requests.length) this.#next()
    return this.#result()
  }

  /** Part of `CallEvents`. */
  firstToken(call: Call, at: number): void {
    this.#now = at
    this.#backlog.change(call.endpoint, -call.uncachedTokens)
    this.#matches.answering(this.endpoints[call.endpoint]!, call.number, 1)
    call.lease?.firstToken(at)
  }

  /** Part of `CallEvents`. */
  finished(call: Call, at: number): void {
    this.#now = at
    this.#left(call)
    const cachedTokens = call.sequence?.cachedTokens ?? 0
    const firstTokenAt = call.started ? (call.sequence?.firstTokenAt ?? at) : at
    const { outputTokens, promptTokens } = call
    call.lease?.end(
      {
        kind: 'finished',
        ttft: call.started ? firstTokenAt - call.sentAt : undefined,
        e2e: at - call.sentAt,
        outputTokens,
        usage: { promptTokens, cachedTokens, completionTokens: outputTokens },
      },
      at,
    )
    this.#results[call.order] = {
      arrival: call.arrival,
      endpoint: call.endpoint,
      promptTokens,
      cachedTokens,
      predictedTokens: call.predictedTokens,
      outputTokens,
      ttft: firstTokenAt - call.arrival,
      tpot: outputTokens > 1 ? (at - firstTokenAt) / (outputTokens - 1) : Number.NaN,
      e2e: at - call.arrival,
      retries: call.retries,
    }
    this.#calls[call.number] = undefined
    this.#ended++
    this.#pacing.ended(call.number, at)
  }

  #next(): void {
    const enginesAt = this.#clock.firstAt
    const queueAt = this.#queue.firstAt
    if (enginesAt <= queueAt) {
      const number = this.#clock.first
      const endpoint = this.endpoints[number]!
      endpoint.engine.advance(enginesAt, endpoint)
      this.#clock.set(number, endpoint.engine.nextEventAt())
      return
    }
    this.#now = queueAt
    this.#queue.take()
    this.#handle(this.#queue.kind, this.#queue.subject)
  }

  #handle(kind: number, subject: number): void {
    switch (kind) {
      case ARRIVE:
        return this.#arrive(subject)
      case SEND:
        return this.#send(subject)
      case LOADED:
        return this.#loaded(subject)
      case CHANGE:
        return this.#change(subject)
      default:
        return this.#poll()
    }
  }

  #arrive(request: number): void {
    if (this.#arrived === 0) this.#firstArrival = this.#now
    const router = this.routers.length === 1 ? 0 : Math.floor(this.#routing() * this.routers.length)
    this.#calls[request] = new Call(this.#prepared.requests[request]!, router, this.#now, this.#arrived++)
    this.#send(request)
  }

  #send(request: number): void {
    const call = this.#calls[request]
    if (call === undefined) return
    const choice = this.routers[call.router]!.choose(call, this.#prepared.promptKeys[request]!)
    if ('code' in choice) {
      if (this.#comebacks === 0) throw new Error(`${choice.message}, and no endpoint will join or recover any more`)
      this.#queue.add(this.#now + choice.retryAfterSeconds, SEND, request)
      return
    }
    const endpoint = this.endpoints[choice.lease.endpoint.slot]!
    const held = this.#matches.depth(endpoint, request)
    call.lease = choice.lease
    call.sentAt = this.#now
    call.predictedTokens = choice.decision.matchedTokens
    this.#backlog.sample()
    this.#matches.sent(endpoint, request)
    const loadsUntil = endpoint.take(call, held, this.#now)
    this.#backlog.change(endpoint.number, call.uncachedTokens)
    if (loadsUntil < 0) this.#clock.set(endpoint.number, endpoint.engine.nextEventAt())
    else this.#queue.add(loadsUntil, LOADED, request)
  }

  #loaded(request: number): void {
    const call = this.#calls[request]
    // The endpoint may have died meanwhile, and the request be elsewhere.
    if (call === undefined || call.loadsUntil !== this.#now) return
    const endpoint = this.endpoints[call.endpoint]!
    endpoint.loaded(call, this.#now)
    this.#clock.set(endpoint.number, endpoint.engine.nextEventAt())
  }

  #change(number: number): void {
    const { endpoint, kind } = this.#changes[number]!
    if (kind === 'join' || kind === 'recover') this.#comebacks--
    const ready = kind === 'join' || kind === 'recover'
    this.endpoints[endpoint]!.ready = ready
    if (ready) this.#backlog.join(endpoint)
    else this.#backlog.leave(endpoint)
    const { id } = this.endpoints[endpoint]!.spec
    for (const { fleet } of this.routers) {
      if (kind === 'recover') fleet.forget(id)
      if (kind === 'drain') fleet.setDraining(id, true)
      else fleet.setReady(id, ready)
    }
    if (kind === 'fail') this.#fail(this.endpoints[endpoint]!)
  }

  /** Everything that ran there is lost and sent again, also what the client has already seen the beginning of. */
  #fail(endpoint: RunningEndpoint): void {
    const lost = endpoint.fail()
    this.#clock.set(endpoint.number, Number.POSITIVE_INFINITY)
    for (const call of lost) {
      this.#left(call)
      call.lease?.end(failedOutcome(call, this.#now), this.#now)
      call.retries++
      call.reset()
    }
    for (const call of lost) this.#send(call.number)
  }

  /** The call has left its endpoint. */
  #left(call: Call): void {
    if (call.started) this.#matches.answering(this.endpoints[call.endpoint]!, call.number, -1)
    else this.#backlog.change(call.endpoint, -call.uncachedTokens)
  }

  #poll(): void {
    const { view } = this.#scenario
    if (view.kind !== 'polled') return
    this.#polled?.poll(this.#now)
    this.#queue.add(this.#now + view.interval, POLL, 0)
  }

  #result(): SimulationResult {
    const warmUp = Math.ceil(this.#scenario.warmUp * this.#results.length)
    return {
      requests: this.#results.slice(warmUp),
      sent: this.endpoints.map(({ sent }) => sent),
      evictedBlocks: this.endpoints.reduce((sum, { evictedBlocks }) => sum + evictedBlocks, 0),
      preemptions: this.endpoints.reduce((sum, { preemptions }) => sum + preemptions, 0),
      backlogVariation: this.#backlog.mean,
      span: this.#results.length === 0 ? 0 : this.#now - this.#firstArrival,
    }
  }
}

function failedOutcome(call: Call, now: number): RequestOutcome {
  const ttft = call.started && call.sequence !== undefined ? call.sequence.firstTokenAt - call.sentAt : undefined
  return { kind: 'failed', ttft, e2e: now - call.sentAt, outputTokens: 0, usage: undefined }
}
