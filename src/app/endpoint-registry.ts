import type { EndpointSettings } from '../core/endpoint.ts'
import type { EndpointState } from '../core/endpoint-state.ts'
import type { Fleet } from '../core/fleet.ts'
import type { HealthMonitor, HealthSettings } from '../gateway/health-monitor.ts'
import { Upstream, type UpstreamSettings } from '../gateway/upstream.ts'

/** Everything that is configured about one endpoint. */
export interface EndpointPlan {
  readonly settings: EndpointSettings
  /** Undefined when the engine is asked. */
  readonly models: readonly string[] | undefined
  readonly upstream: UpstreamSettings
  readonly health: HealthSettings
}

interface Registered {
  plan: EndpointPlan
  upstream: Upstream
  /** True when the endpoint came from the admin interface, so that a reload of the file leaves it alone. */
  readonly added: boolean
}

/** Keeps fleet, connections and health probes of all endpoints in step. */
export class EndpointRegistry {
  readonly #fleet: Fleet
  readonly #health: HealthMonitor
  readonly #registered = new Map<EndpointState, Registered>()

  constructor(fleet: Fleet, health: HealthMonitor) {
    this.#fleet = fleet
    this.#health = health
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
    return endpoint
  }

  /** Takes an endpoint out; its running requests end as they will. */
  remove(id: string): boolean {
    const endpoint = this.#fleet.endpoint(id)
    if (endpoint === undefined) return false
    this.#health.unwatch(endpoint)
    this.#fleet.remove(id)
    endpoint.whenIdle(() => this.#release(endpoint))
    return true
  }

  /** Makes the configured endpoints those of `plans`: adds, changes and removes; those added by hand stay. */
  apply(plans: readonly EndpointPlan[]): void {
    const wanted = new Map(plans.map((plan) => [plan.settings.id, plan]))
    for (const [endpoint, { added, plan }] of this.#registered) {
      if (this.#fleet.endpoint(endpoint.id) !== endpoint) continue
      const next = wanted.get(endpoint.id)
      const moved = next !== undefined && needsReplacement(plan, next)
      if ((next === undefined && !added) || moved) this.remove(endpoint.id)
    }
    for (const plan of plans) {
      const endpoint = this.#fleet.endpoint(plan.settings.id)
      if (endpoint === undefined) this.add(plan, false)
      else this.#change(endpoint, plan)
    }
  }

  close(): void {
    this.#health.close()
    for (const { upstream } of this.#registered.values()) void upstream.destroy()
  }

  #change(endpoint: EndpointState, plan: EndpointPlan): void {
    const registered = this.#registered.get(endpoint)
    if (registered === undefined || JSON.stringify(registered.plan) === JSON.stringify(plan)) return
    registered.plan = plan
    this.#fleet.configure(plan.settings)
    this.#health.configure(endpoint, plan.health, plan.models)
  }

  #release(endpoint: EndpointState): void {
    const registered = this.#registered.get(endpoint)
    this.#registered.delete(endpoint)
    void registered?.upstream.close()
  }
}

/** True when the change concerns the connections, so that the endpoint is another one. */
function needsReplacement(before: EndpointPlan, after: EndpointPlan): boolean {
  return (
    before.settings.url !== after.settings.url || JSON.stringify(before.upstream) !== JSON.stringify(after.upstream)
  )
}
