import { BLOCK_BYTES } from '../prefix/block-keys.ts'
import { adapterInName } from './adapter-name.ts'
import type { EndpointSettings } from './endpoint.ts'
import { EndpointState } from './endpoint-state.ts'
import { Pool, type PoolPolicy } from './pool.ts'
import type { PrefixIndex } from './prefix-index.ts'
import { ServedModels } from './served-models.ts'

/** Name of the pool of requests that name no model, or one that only endpoints of unknown models could serve. */
export const ANY_MODEL = '*'

export interface FleetOptions {
  readonly index: PrefixIndex
  /** Creates the policy of a model's pool. An adapter's pool has that of its base model unless it has one of its own. */
  policyFor(model: string, base: string | undefined): PoolPolicy
  /** Bytes of prompt text per token, until it is learned per model. */
  readonly bytesPerToken: number
  /** Forgets what a restarted endpoint held; by default all that the index believes of it. */
  forget?(endpoint: EndpointState): void
}

/**
 * All endpoints, and the pools they form by the models they serve. An endpoint whose models are unknown may serve any.
 */
export class Fleet {
  readonly #endpoints = new Map<string, EndpointState>()
  readonly #served = new ServedModels()
  readonly #pools = new Map<string, Pool>()
  #aliases: ReadonlyMap<string, string> = new Map()
  #options: FleetOptions

  constructor(options: FleetOptions) {
    this.#options = options
  }

  get endpoints(): readonly EndpointState[] {
    return [...this.#endpoints.values()]
  }

  get pools(): readonly Pool[] {
    return [...this.#pools.values()]
  }

  endpoint(id: string): EndpointState | undefined {
    return this.#endpoints.get(id)
  }

  /** Models an endpoint serves; undefined when nobody has said. */
  modelsOf(id: string): readonly string[] | undefined {
    return this.#served.listedBy(id)
  }

  /** The model that an adapter (LoRA) belongs to; undefined for a model of its own. */
  baseOf(model: string): string | undefined {
    return this.#served.baseOf(model)
  }

  /** Adds an endpoint; it gets no requests until `setReady`. Its id must be new. */
  add(settings: EndpointSettings, models: readonly string[] | undefined): EndpointState {
    if (this.#endpoints.has(settings.id)) throw new Error(`endpoint '${settings.id}' exists already`)
    const slot = this.#options.index.addEndpoint(this.#capacityBlocks(settings.kvTokens))
    const endpoint = new EndpointState(slot, settings)
    this.#endpoints.set(settings.id, endpoint)
    this.#served.set(settings.id, models)
    this.#regroup()
    return endpoint
  }

  /** Takes over changed settings of an endpoint; what it holds and runs stays. */
  configure(settings: EndpointSettings): void {
    const endpoint = this.#endpoints.get(settings.id)
    if (endpoint === undefined) return
    endpoint.configure(settings)
    this.#options.index.setCapacity(endpoint.slot, this.#capacityBlocks(settings.kvTokens))
    this.#regroup()
  }

  /** Takes an endpoint out. Its running requests end as they will; only then is its slot free again. */
  remove(id: string): boolean {
    const endpoint = this.#endpoints.get(id)
    if (endpoint === undefined) return false
    this.#endpoints.delete(id)
    this.#served.delete(id)
    endpoint.whenIdle(() => this.#options.index.removeEndpoint(endpoint.slot))
    this.#regroup()
    return true
  }

  setReady(id: string, ready: boolean): void {
    const endpoint = this.#endpoints.get(id)
    if (endpoint === undefined || endpoint.ready === ready) return
    endpoint.ready = ready
    this.#regroup()
  }

  setDraining(id: string, draining: boolean): void {
    const endpoint = this.#endpoints.get(id)
    if (endpoint === undefined || endpoint.draining === draining) return
    endpoint.draining = draining
    this.#regroup()
  }

  /** While its engine sleeps an endpoint gets no requests. */
  setAsleep(id: string, asleep: boolean): void {
    const endpoint = this.#endpoints.get(id)
    if (endpoint === undefined || endpoint.asleep === asleep) return
    endpoint.asleep = asleep
    this.#regroup()
  }

  /** Takes over the models an endpoint lists; `parents` has the base model of each that is an adapter. */
  setModels(id: string, models: readonly string[] | undefined, parents?: ReadonlyMap<string, string>): void {
    if (this.#endpoints.has(id) && this.#served.set(id, models, parents)) this.#regroup()
  }

  /** Adapters that every endpoint of their base model loads when a request names them: adapter to base model. */
  setAdapters(adapters: ReadonlyMap<string, string>): void {
    this.#served.onDemand = adapters
    this.#regroup()
  }

  /** The endpoint restarted: nothing of what it held is left. */
  forget(id: string): void {
    const endpoint = this.#endpoints.get(id)
    if (endpoint === undefined) return
    endpoint.adapters.forget()
    if (this.#options.forget === undefined) this.#options.index.clear(endpoint.slot)
    else this.#options.forget(endpoint)
  }

  /** Other names of models: alias to model. */
  get aliases(): ReadonlyMap<string, string> {
    return this.#aliases
  }

  /** Replaces the aliases: other names under which clients may ask for a model. */
  setAliases(aliases: ReadonlyMap<string, string>): void {
    this.#aliases = aliases
  }

  /** Creates all policies anew, e.g. after the config changed. */
  setPolicies(policyFor: FleetOptions['policyFor']): void {
    this.#options = { ...this.#options, policyFor }
    for (const pool of this.#pools.values()) pool.policy = policyFor(pool.model, pool.base)
  }

  /** The model that is meant by a name: itself unless it is an alias, or an adapter named behind its model (`model:adapter`). */
  resolve(name: string): string {
    const meant = this.#unalias(name)
    if (this.#pools.has(meant)) return meant
    return adapterInName(meant, this.#baseOf, this.#unalias) ?? meant
  }

  readonly #unalias = (name: string): string => this.#aliases.get(name) ?? name
  readonly #baseOf = (model: string): string | undefined => this.#served.baseOf(model)

  /** The pool of a model (after aliases); undefined when no endpoint serves it. */
  poolOf(model: string | undefined): Pool | undefined {
    if (model === undefined) return this.#soleModelPool()
    return (
      this.#pools.get(this.resolve(model)) ?? (this.#served.anythingSomewhere ? this.#pools.get(ANY_MODEL) : undefined)
    )
  }

  /** The pool of all endpoints, for requests to which the model does not matter. */
  get anyPool(): Pool {
    return this.#pool(ANY_MODEL)
  }

  /** Models and adapters of ready endpoints, in order of name. */
  readyModels(): string[] {
    const ready = this.endpoints.filter((endpoint) => endpoint.ready)
    return [...new Set(ready.flatMap(({ id }) => this.served(id)))].sort()
  }

  /** What an endpoint serves: what it lists, and the adapters it loads by itself. */
  served(id: string): readonly string[] {
    return this.#served.of(id)
  }

  /** Every name a client may ask for now: models, and aliases of models that are served. */
  knownNames(): string[] {
    const models = [...this.#pools.keys()].filter((name) => name !== ANY_MODEL)
    const aliases = [...this.#aliases].filter(([, model]) => this.#pools.has(model)).map(([alias]) => alias)
    return [...models, ...aliases].sort()
  }

  #capacityBlocks(kvTokens: number): number {
    return Math.max(1, Math.floor((kvTokens * this.#options.bytesPerToken) / BLOCK_BYTES))
  }

  #soleModelPool(): Pool | undefined {
    const named = this.pools.filter(({ model, base }) => model !== ANY_MODEL && base === undefined)
    if (named.length === 1) return named[0]
    return this.#served.anythingSomewhere ? this.anyPool : undefined
  }

  #pool(model: string): Pool {
    let pool = this.#pools.get(model)
    if (pool === undefined) {
      const base = this.#served.baseOf(model)
      pool = new Pool(model, this.#options.policyFor(model, base), this.#options.bytesPerToken)
      pool.base = base
      this.#pools.set(model, pool)
    }
    return pool
  }

  /** Forms the pools anew: after any change of members, models, readiness or draining. */
  #regroup(): void {
    const endpoints = this.endpoints
    const models = this.#served.names()
    for (const pool of this.pools) if (pool.model !== ANY_MODEL && !models.has(pool.model)) this.#dissolve(pool)
    for (const model of models) {
      const pool = this.#pool(model)
      this.#rebase(pool)
      pool.setEndpoints(endpoints.filter(({ id }) => this.#served.serves(id, model)))
    }
    this.anyPool.setEndpoints(endpoints)
  }

  /** Requests that wait for their tokens or for another attempt have the pool still: they must not find anybody there. */
  #dissolve(pool: Pool): void {
    pool.setEndpoints([])
    this.#pools.delete(pool.model)
  }

  /** The policy of an adapter depends on its base, which may become known only when another endpoint lists it. */
  #rebase(pool: Pool): void {
    const base = this.#served.baseOf(pool.model)
    if (pool.base === base) return
    pool.base = base
    pool.policy = this.#options.policyFor(pool.model, base)
  }
}
