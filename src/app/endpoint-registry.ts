import type { EndpointSettings } from '../core/endpoint.ts'
import type { EndpointState } from '../core/endpoint-state.ts'
import type { Fleet } from '../core/fleet.ts'
import type { HealthMonitor, HealthSettings } from '../gateway/health-monitor.ts'
import { Upstream, type UpstreamSettings } from '../gateway/upstream.ts'
import type { EndpointSignals } from './endpoint-signals.ts'
import type { EnginePlan } from './engine-watch.ts'
import type { KvEventsPlan } from './kv-events-plan.ts'

/** Seconds for which an endpoint that is no longer wanted waits for new ones to become ready. */
const HANDOVER = 5

/** Everything that is configured about one endpoint. */
export interface EndpointPlan {
  readonly settings: EndpointSettings
  /** Undefined when the engine is asked. */
  readonly models: readonly string[] | undefined
  readonly upstream: UpstreamSettings
  readonly health: HealthSettings
  readonly engine: EnginePlan
  /** Undefined when its blocks are predicted. */
  readonly kvEvents: KvEventsPlan | undefined
}

/** What an endpoint needs besides its place in the fleet. */
export interface RegistryParts {
  readonly fleet: Fleet
  readonly health: HealthMonitor
  readonly signals: EndpointSignals
  /** Told when the last request of an endpoint that was taken out has ended. */
  readonly gone: (id: string) => void
}

interface Registered {
  plan: EndpointPlan
  upstream: Upstream
  /** True when the endpoint came from the admin interface, so that a reload of the file leaves it alone. */
  readonly added: boolean
}

/** Keeps fleet, connections, health probes and signals of all endpoints in step. */
export class EndpointRegistry {
  readonly #fleet: Fleet
  readonly #health: HealthMonitor
  readonly #signals: EndpointSignals
  readonly #gone: (id: string) => void
  readonly #registered = new Map<EndpointState, Registered>()
  /** Ids that the configuration names. */
  #wanted: ReadonlySet<string> = new Set()
  #handover: NodeJS.Timeout | undefined

  constructor({ fleet, health, signals, gone }: RegistryParts) {
    this.#fleet = fleet
    this.#health = health
    this.#signals = signals
    this.#gone = gone
  }

  upstreamOf(endpoint: EndpointState): Upstream {
    const registered = this.#registered.get(endpoint)
    if (registered === undefined) throw new Error(`endpoint '${endpoint.id}' is not registered`)
    return registered.upstream
  }

  /** Adds an endpoint and starts to probe it. Throws when its id exists. */
  add(plan: EndpointPlan, added: boolean): EndpointState {
    // Until the engine has said which models it serves, it serves none.
    const endpoint = this.#fleet.add(plan.settings, plan.models ?? [])
    const upstream = new Upstream(plan.settings.url, plan.upstream)
    this.#registered.set(endpoint, { plan, upstream, added })
    this.#health.watch(endpoint, upstream, plan.health, plan.models)
    this.#signals.add(endpoint, plan)
    return endpoint
  }

  /** Takes an endpoint out; its running requests end as they will. */
  remove(id: string): boolean {
    const endpoint = this.#fleet.endpoint(id)
    if (endpoint === undefined) return false
    this.#health.unwatch(endpoint)
    this.#signals.remove(endpoint)
    this.#fleet.remove(id)
    endpoint.whenIdle(() => this.#release(endpoint))
    return true
  }

  /**
   * Makes the configured endpoints those of `plans`: adds, changes and removes; those added by hand stay. An endpoint
   * that is no longer wanted serves on until the new ones are ready, at most `HANDOVER` seconds.
   */
  apply(plans: readonly EndpointPlan[]): void {
    this.#wanted = new Set(plans.map(({ settings }) => settings.id))
    const fresh: EndpointState[] = []
    for (const plan of plans) {
      const endpoint = this.#fleet.endpoint(plan.settings.id)
      const moved = endpoint !== undefined && endpoint.url !== plan.settings.url
      if (moved) this.remove(endpoint.id)
      if (endpoint === undefined || moved) fresh.push(this.add(plan, false))
      else this.#change(endpoint, plan)
    }
    this.#retireOnce(fresh, performance.now() + HANDOVER * 1000)
  }

  #retireOnce(fresh: readonly EndpointState[], deadline: number): void {
    clearTimeout(this.#handover)
    if (fresh.every(({ ready }) => ready) || performance.now() > deadline) this.#retire()
    else this.#handover = setTimeout(() => this.#retireOnce(fresh, deadline), 20)
  }

  #retire(): void {
    for (const [endpoint, { added }] of this.#registered) {
      const current = this.#fleet.endpoint(endpoint.id) === endpoint
      if (current && !added && !this.#wanted.has(endpoint.id)) this.remove(endpoint.id)
    }
  }

  close(): void {
    clearTimeout(this.#handover)
    this.#health.close()
    this.#signals.close()
    for (const { upstream } of this.#registered.values()) void upstream.destroy()
  }

  #change(endpoint: EndpointState, plan: EndpointPlan): void {
    const registered = this.#registered.get(endpoint)
    if (registered === undefined || JSON.stringify(registered.plan) === JSON.stringify(plan)) return
    if (JSON.stringify(registered.plan.upstream) !== JSON.stringify(plan.upstream)) {
      // Requests in flight end on the old connections.
      void registered.upstream.close()
      registered.upstream = new Upstream(plan.settings.url, plan.upstream)
    }
    registered.plan = plan
    this.#fleet.configure(plan.settings)
    this.#health.configure(endpoint, registered.upstream, plan.health, plan.models)
    this.#signals.change(endpoint, plan)
  }

  #release(endpoint: EndpointState): void {
    const registered = this.#registered.get(endpoint)
    this.#registered.delete(endpoint)
    void registered?.upstream.close()
    if (this.#fleet.endpoint(endpoint.id) === undefined) this.#gone(endpoint.id)
  }
}
