import type { EndpointState } from '../core/endpoint-state.ts'
import type { Fleet } from '../core/fleet.ts'
import type { PassiveHealth } from './gateway-context.ts'
import type { ModelCatalog } from './model-catalog.ts'
import type { FailureReason } from './retry-rule.ts'
import type { Upstream } from './upstream.ts'

/** How an endpoint is probed. Times are in seconds. */
export interface HealthSettings {
  readonly path: string
  readonly interval: number
  readonly timeout: number
  /** Failed probes in a row after which the endpoint is not ready. */
  readonly unhealthyAfter: number
  /** Passed probes in a row after which it is ready again; the first one of its life is enough. */
  readonly healthyAfter: number
  readonly passive: {
    /** Failed requests in a row after which the endpoint is not ready. */
    readonly failures: number
    /** Pause after too many failed requests, before a probe may make the endpoint ready again. */
    readonly cooldown: number
  }
}

export interface HealthEvents {
  /** An endpoint became ready, stopped being so, or does not become so: that is told once. */
  changed(endpoint: EndpointState, ready: boolean, why: string): void
}

interface Watch {
  /** The data-parallel ranks behind one address, or the endpoint that is all there is. */
  readonly endpoints: EndpointState[]
  upstream: Upstream
  settings: HealthSettings
  /** Models the operator named; undefined when the engine is asked. */
  models: readonly string[] | undefined
  timer: NodeJS.Timeout | undefined
  probesFailed: number
  /** Passed in a row. */
  probesPassed: number
  requestsFailed: number
  ready: boolean
  wasReady: boolean
  /** What the engine last answered to the question for its models. */
  modelList: string | undefined
  notBefore: number
}

/** Every how many passed probes the list of models is read again (adapters come and go). */
const MODELS_EVERY = 6
/** Seconds until the first probe of an endpoint that could not be reached is repeated. */
const RETRY_SOON = 1

/**
 * Decides which endpoints are ready: an endpoint is not until its first probe passes, and stops being so when probes
 * fail, when it cannot be reached, or when too many requests in a row fail.
 */
export class HealthMonitor implements PassiveHealth {
  readonly #fleet: Fleet
  readonly #catalog: ModelCatalog
  readonly #events: HealthEvents
  readonly #clock: () => number
  readonly #watches = new Map<EndpointState, Watch>()
  #closed = false

  constructor(fleet: Fleet, catalog: ModelCatalog, events: HealthEvents, clock: () => number) {
    this.#fleet = fleet
    this.#catalog = catalog
    this.#events = events
    this.#clock = clock
  }

  /** Starts probing an endpoint at once. */
  watch(endpoint: EndpointState, upstream: Upstream, settings: HealthSettings, models?: readonly string[]): void {
    const watch: Watch = {
      endpoints: [endpoint],
      upstream,
      settings,
      models,
      timer: undefined,
      probesFailed: 0,
      requestsFailed: 0,
      probesPassed: 0,
      ready: false,
      wasReady: false,
      modelList: undefined,
      notBefore: 0,
    }
    this.#watches.set(endpoint, watch)
    this.#schedule(watch, 0)
  }

  /** Watches an endpoint together with another rank behind the same address: a probe tells about both. */
  join(endpoint: EndpointState, peer: EndpointState): void {
    const watch = this.#watches.get(peer)
    if (watch === undefined) throw new Error(`endpoint '${peer.id}' is not watched`)
    watch.endpoints.push(endpoint)
    this.#watches.set(endpoint, watch)
    if (!watch.ready) return
    if (watch.models === undefined && !this.#listModels(endpoint, watch.modelList ?? '')) {
      this.#fleet.setModels(endpoint.id, undefined)
    }
    this.#tellReady(endpoint, true, `as '${peer.id}' at the same address`)
  }

  /** Takes over changed settings; the next probe follows them. */
  configure(endpoint: EndpointState, upstream: Upstream, settings: HealthSettings, models?: readonly string[]): void {
    const watch = this.#watches.get(endpoint)
    if (watch === undefined) return
    watch.upstream = upstream
    watch.settings = settings
    watch.models = models
    this.#schedule(watch, 0)
  }

  unwatch(endpoint: EndpointState): void {
    const watch = this.#watches.get(endpoint)
    if (watch === undefined) return
    this.#watches.delete(endpoint)
    watch.endpoints.splice(watch.endpoints.indexOf(endpoint), 1)
    if (watch.endpoints.length === 0) clearTimeout(watch.timer)
  }

  succeeded(endpoint: EndpointState): void {
    const watch = this.#watches.get(endpoint)
    if (watch !== undefined) watch.requestsFailed = 0
  }

  failed(endpoint: EndpointState, reason: FailureReason): void {
    const watch = this.#watches.get(endpoint)
    if (watch === undefined || reason === 'refused') return
    watch.requestsFailed += 1
    if (reason === 'unreachable') {
      this.#setReady(watch, false, 'cannot be reached')
      this.#schedule(watch, RETRY_SOON)
    } else if (watch.requestsFailed >= watch.settings.passive.failures && watch.ready) {
      this.#setReady(watch, false, `${watch.requestsFailed} requests in a row failed`)
      watch.notBefore = this.#clock() + watch.settings.passive.cooldown
      this.#schedule(watch, watch.settings.passive.cooldown)
    }
  }

  close(): void {
    this.#closed = true
    for (const endpoint of this.#watches.keys()) this.unwatch(endpoint)
  }

  #schedule(watch: Watch, seconds: number): void {
    clearTimeout(watch.timer)
    if (this.#closed || watch.endpoints.length === 0) return
    watch.timer = setTimeout(() => void this.#probe(watch), seconds * 1000)
  }

  async #probe(watch: Watch): Promise<void> {
    const problem = await this.#probeOnce(watch)
    if (watch.endpoints.length === 0) return
    if (problem === undefined) this.#passed(watch)
    else this.#probeFailed(watch, problem)
    const soon = problem !== undefined && !watch.wasReady
    this.#schedule(watch, soon ? Math.min(RETRY_SOON, watch.settings.interval) : watch.settings.interval)
  }

  /** What is wrong, or undefined when the endpoint is well. Learns the models on the way. */
  async #probeOnce(watch: Watch): Promise<string | undefined> {
    const { upstream, settings } = watch
    try {
      const answer = await upstream.get(settings.path, settings.timeout)
      // An engine without this health route is judged by its list of models.
      const noSuchRoute = answer.status === 404
      if (!noSuchRoute && (answer.status < 200 || answer.status > 299)) {
        return `GET ${settings.path} answered ${answer.status}`
      }
      if (!noSuchRoute && (watch.ready || watch.models !== undefined) && watch.probesPassed % MODELS_EVERY !== 0) {
        return undefined
      }
      return await this.#learnModels(watch, noSuchRoute)
    } catch (error) {
      return error instanceof Error ? error.message || error.name : String(error)
    }
  }

  async #learnModels(watch: Watch, required: boolean): Promise<string | undefined> {
    const { upstream, settings, endpoints } = watch
    if (watch.models !== undefined) {
      for (const { id } of endpoints) this.#fleet.setModels(id, watch.models)
      return undefined
    }
    const answer = await upstream.get('/v1/models', settings.timeout)
    const learned = answer.status === 200 && endpoints.every((endpoint) => this.#listModels(endpoint, answer.body))
    if (!learned && required) return `GET ${settings.path} and GET /v1/models answered ${answer.status}`
    if (learned) watch.modelList = answer.body
    // An endpoint that has told its models does not serve all others because its list cannot be read for once.
    else if (!watch.ready) for (const { id } of endpoints) this.#fleet.setModels(id, undefined)
    return undefined
  }

  /** False when it is no list of models. */
  #listModels({ id }: EndpointState, body: string): boolean {
    const learned = this.#catalog.learn(id, body)
    if (learned !== undefined) this.#fleet.setModels(id, learned.models, learned.parents)
    return learned !== undefined
  }

  #passed(watch: Watch): void {
    watch.probesFailed = 0
    watch.probesPassed += 1
    if (watch.ready || this.#clock() < watch.notBefore) return
    if (watch.wasReady && watch.probesPassed < watch.settings.healthyAfter) return
    watch.requestsFailed = 0
    if (watch.wasReady) for (const { id } of watch.endpoints) this.#fleet.forget(id)
    watch.wasReady = true
    this.#setReady(watch, true, 'probe passed')
  }

  #probeFailed(watch: Watch, problem: string): void {
    watch.probesFailed += 1
    watch.probesPassed = 0
    const { unhealthyAfter } = watch.settings
    if (watch.ready && watch.probesFailed >= unhealthyAfter) this.#setReady(watch, false, problem)
    else if (!watch.wasReady && watch.probesFailed === unhealthyAfter) {
      for (const endpoint of watch.endpoints) this.#events.changed(endpoint, false, problem)
    }
  }

  #setReady(watch: Watch, ready: boolean, why: string): void {
    if (watch.ready === ready) return
    watch.ready = ready
    for (const endpoint of watch.endpoints) this.#tellReady(endpoint, ready, why)
  }

  #tellReady(endpoint: EndpointState, ready: boolean, why: string): void {
    this.#fleet.setReady(endpoint.id, ready)
    this.#events.changed(endpoint, ready, why)
  }
}
