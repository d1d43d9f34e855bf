import type { EndpointState } from '../core/endpoint-state.ts'
import type { PublishingAddress } from '../config/added-conflicts.ts'
import type { Fleet } from '../core/fleet.ts'
import type { HealthMonitor } from '../gateway/health-monitor.ts'
import { Upstream } from '../gateway/upstream.ts'
import type { ProgramLog } from '../observe/program-log.ts'
import type { EngineName } from '../signals/metrics/engine-table.ts'
import type { EndpointPlan } from './endpoint-plan.ts'
import type { EndpointSignals } from './endpoint-signals.ts'
import { RankedAddress } from './ranked-address.ts'

/** Seconds for which an endpoint that is no longer wanted waits for new ones to become ready. */
const HANDOVER = 5
/** Milliseconds until the ports of sockets that were closed are free. */
const PORTS_FREE = 100
/** Engines that can be told which of their data-parallel ranks is to take a request. */
const TAKE_ORDERS: ReadonlySet<EngineName> = new Set<EngineName>(['vllm', 'sglang'])

/** What an endpoint needs besides its place in the fleet. */
export interface RegistryParts extends Pick<ProgramLog, 'logger'> {
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
  readonly #logger: RegistryParts['logger']
  readonly #gone: (id: string) => void
  readonly #addresses = new Map<string, RankedAddress>()
  readonly #registered = new Map<EndpointState, Registered>()
  /** Ids that the configuration names. */
  #wanted: ReadonlySet<string> = new Set()
  #handover: NodeJS.Timeout | undefined

  constructor({ fleet, health, signals, logger, gone }: RegistryParts) {
    this.#fleet = fleet
    this.#health = health
    this.#signals = signals
    this.#logger = logger
    this.#gone = gone
  }

  upstreamOf(endpoint: EndpointState): Upstream {
    const registered = this.#registered.get(endpoint)
    if (registered === undefined) throw new Error(`endpoint '${endpoint.id}' is not registered`)
    return registered.upstream
  }

  /** The endpoint with this id, or all ranks of the address that is called so. */
  named(id: string): readonly EndpointState[] {
    const endpoint = this.#fleet.endpoint(id)
    return endpoint === undefined ? this.#at(id) : [endpoint]
  }

  /** The id that stands in the way of a new address; undefined when there is none. */
  taken(plan: EndpointPlan): string | undefined {
    if (this.#addresses.has(plan.address)) return plan.address
    const ids = new RankedAddress(plan, true).plans().map(({ settings }) => settings.id)
    return ids.find((id) => this.#fleet.endpoint(id) !== undefined)
  }

  /** Addresses that publish KV events, with as many ranks as they have now. */
  publishing(): PublishingAddress[] {
    return [...this.#addresses.values()].flatMap((one) => {
      const { address: name, settings, kvEvents } = one.plan
      return kvEvents === undefined ? [] : [{ name, url: settings.url, ranks: one.plans().length, kvEvents }]
    })
  }

  /** Adds the endpoints of an address and starts to probe it. Throws when an id exists. */
  add(plan: EndpointPlan, added: boolean): EndpointState[] {
    const taken = this.taken(plan)
    if (taken !== undefined) throw new Error(`endpoint '${taken}' exists already`)
    const address = new RankedAddress(plan, added)
    this.#addresses.set(plan.address, address)
    return address.plans().map((one) => this.#addOne(one, added))
  }

  /** Takes an endpoint out, or all ranks of an address; their running requests end as they will. Returns their ids. */
  remove(id: string): string[] {
    const endpoints = this.named(id)
    for (const endpoint of endpoints) this.#removeOne(endpoint)
    this.#forgetEmpty()
    return endpoints.map((endpoint) => endpoint.id)
  }

  /**
   * Makes the configured endpoints those of `plans`: adds, changes and removes; those added by hand stay. An endpoint
   * that is no longer wanted serves on until the new ones are ready, at most `HANDOVER` seconds.
   */
  apply(plans: readonly EndpointPlan[]): void {
    const names = new Set(plans.map(({ address }) => address))
    const all = plans.flatMap((plan) => this.#addressOf(plan, names).plans())
    this.#wanted = new Set(all.map(({ settings }) => settings.id))
    const fresh: EndpointState[] = []
    for (const plan of all) {
      const endpoint = this.#fleet.endpoint(plan.settings.id)
      const moved = endpoint !== undefined && endpoint.url !== plan.settings.url
      if (moved) this.#removeOne(endpoint)
      if (endpoint === undefined || moved) fresh.push(this.#addOne(plan, false))
      else this.#change(endpoint, plan)
    }
    this.#retireOnce(fresh, performance.now() + HANDOVER * 1000)
  }

  /**
   * An engine has told how many data-parallel ranks are behind its address: each becomes an endpoint, unless the operator
   * has said how many there are, or which one is meant.
   */
  ranksTold(endpoint: EndpointState, count: number, engine: EngineName | undefined): void {
    const { plan } = this.#registered.get(endpoint) ?? {}
    if (plan === undefined || engine === undefined || !TAKE_ORDERS.has(engine)) return
    const { rank = 0, ofRanks = 1 } = plan.engine
    // One rank speaks for all; one that the operator listed by itself speaks for none.
    if (rank !== 0 || (ofRanks === 1 && plan.engine.rank !== undefined)) return
    const address = this.#addresses.get(plan.address)
    if (this.#fleet.endpoint(endpoint.id) !== endpoint) return
    const follows = address?.take(count)
    if (address === undefined || follows === undefined) return
    if (follows === 'changed') return this.#makeRoom(address)
    const { ranks } = address.plan
    const problem = `its engine tells of ${count} data-parallel ranks, and ranks is ${ranks}: set it to ${count}, or auto`
    this.#logger.warn({ endpoint: plan.address, problem }, 'other data-parallel ranks than expected')
  }

  /** Where engines dial in, nobody may wait at the ports any more when the new endpoints come. */
  #makeRoom(address: RankedAddress): void {
    const { plan } = address
    if (plan.kvEvents?.bind !== true) return this.#spread(address)
    for (const endpoint of this.#at(plan.address)) this.#signals.unfollow(endpoint)
    const spread = (): void => {
      if (this.#addresses.get(plan.address) === address) this.#spread(address)
    }
    setTimeout(spread, PORTS_FREE).unref()
  }

  /** Puts as many endpoints into the place of those of an address as it has ranks now. */
  #spread(address: RankedAddress): void {
    const { plan, added } = address
    const plans = address.plans()
    const before = this.#at(plan.address)
    const ids = new Set(plans.map(({ settings }) => settings.id))
    const foreign = [...ids].find((id) => {
      const other = this.#fleet.endpoint(id)
      return other !== undefined && !before.includes(other)
    })
    const line = { endpoint: plan.address, ranks: plans.length }
    if (foreign !== undefined) {
      address.block()
      this.#logger.warn({ ...line, taken: foreign }, 'ranks cannot be endpoints: give another endpoint another id')
      return
    }
    const draining = before.length > 0 && before.every((endpoint) => endpoint.draining)
    for (const one of plans) {
      const endpoint = this.#fleet.endpoint(one.settings.id)
      if (endpoint?.url === one.settings.url) {
        this.#change(endpoint, one)
        continue
      }
      // What waits to be retired may be called the same.
      if (endpoint !== undefined) this.#removeOne(endpoint)
      const { id } = this.#addOne(one, added)
      if (draining) this.#fleet.setDraining(id, true)
    }
    const others = before.filter((endpoint) => !ids.has(endpoint.id) && this.#fleet.endpoint(endpoint.id) === endpoint)
    if (!added) this.#wanted = new Set([...this.#wanted, ...ids].filter((id) => !others.some((gone) => gone.id === id)))
    for (const endpoint of others) this.#removeOne(endpoint)
    this.#logger.info({ ...line, ids: [...ids] }, 'each data-parallel rank behind the address is an endpoint')
  }

  /** What is known of a configured address: nothing when it leads elsewhere now. */
  #addressOf(plan: EndpointPlan, names: ReadonlySet<string>): RankedAddress {
    let address = this.#addresses.get(plan.address)
    if (address === undefined || address.plan.settings.url !== plan.settings.url) {
      address = new RankedAddress(plan, false)
      this.#addresses.set(plan.address, address)
    }
    address.configure(plan, names)
    return address
  }

  /** The endpoints of an address. */
  #at(address: string): EndpointState[] {
    return this.#fleet.endpoints.filter((endpoint) => this.#registered.get(endpoint)?.plan.address === address)
  }

  #addOne(plan: EndpointPlan, added: boolean): EndpointState {
    const { settings, models, health } = plan
    const peer = this.#at(plan.address).find(({ url }) => url === settings.url)
    // Until the engine has said which models it serves, it serves none.
    const endpoint = this.#fleet.add(settings, models ?? [])
    const upstream = new Upstream(settings.url, plan.upstream, this.#sharing(plan))
    this.#registered.set(endpoint, { plan, upstream, added })
    this.#signals.add(endpoint, plan)
    if (peer === undefined) this.#health.watch(endpoint, upstream, health, models)
    else {
      this.#health.join(endpoint, peer)
      this.#health.configure(endpoint, upstream, health, models)
    }
    return endpoint
  }

  /** Addresses without an endpoint are not there any more. */
  #forgetEmpty(): void {
    for (const address of this.#addresses.keys()) if (this.#at(address).length === 0) this.#addresses.delete(address)
  }

  /** The upstream of another rank whose connections are what this plan wants. */
  #sharing({ address, settings, upstream }: EndpointPlan): Upstream | undefined {
    const wanted = JSON.stringify({ ...upstream, rank: undefined })
    for (const { plan, upstream: other } of this.#registered.values()) {
      const same = plan.address === address && plan.settings.url === settings.url && !other.closed
      if (same && JSON.stringify({ ...plan.upstream, rank: undefined }) === wanted) return other
    }
    return undefined
  }

  #removeOne(endpoint: EndpointState): void {
    this.#health.unwatch(endpoint)
    this.#signals.remove(endpoint)
    this.#fleet.remove(endpoint.id)
    endpoint.whenIdle(() => this.#release(endpoint))
  }

  #retireOnce(fresh: readonly EndpointState[], deadline: number): void {
    clearTimeout(this.#handover)
    if (fresh.every(({ ready }) => ready) || performance.now() > deadline) this.#retire()
    else this.#handover = setTimeout(() => this.#retireOnce(fresh, deadline), 20)
  }

  #retire(): void {
    for (const [endpoint, { added }] of this.#registered) {
      const current = this.#fleet.endpoint(endpoint.id) === endpoint
      if (current && !added && !this.#wanted.has(endpoint.id)) this.#removeOne(endpoint)
    }
    this.#forgetEmpty()
  }

  close(): void {
    clearTimeout(this.#handover)
    this.#addresses.clear()
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
      registered.upstream = new Upstream(plan.settings.url, plan.upstream, this.#sharing(plan))
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
