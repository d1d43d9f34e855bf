import type { EndpointState } from '../core/endpoint-state.ts'
import type { Fleet } from '../core/fleet.ts'
import type { SchedulingRequest } from '../core/request.ts'
import type { TokenBlocks } from '../core/token-blocks.ts'
import type { ProgramLog } from '../observe/program-log.ts'
import type { CombinedIndex } from '../prefix/combined-index.ts'
import type { EngineName } from '../signals/metrics/engine-table.ts'
import { ReplaySlots } from '../signals/kv-events/replay-slots.ts'
import { createTokenBlocks } from './create-token-blocks.ts'
import { AddressPoll, type PollTarget } from './address-poll.ts'
import type { EndpointPlan } from './endpoint-plan.ts'
import { type EnginePlan, EngineWatch } from './engine-watch.ts'
import { KvEventFeed } from './kv-event-feed.ts'

export interface EndpointSignalsParts extends Pick<ProgramLog, 'logger'> {
  readonly fleet: Fleet
  readonly index: CombinedIndex
  readonly clock: () => number
  /** The name of the adapter under which a model is served; undefined for a model of its own. */
  readonly adapterOf: (model: string) => string | undefined
  /** The engine of an endpoint has been found out. */
  readonly engineFound?: (endpoint: EndpointState) => void
  /** An endpoint's engine has told how many data-parallel ranks are behind its address. */
  readonly ranksTold?: (endpoint: EndpointState, count: number, engine: EngineName | undefined) => void
}

/** Addresses that are asked as often as usual: a poll costs some 0.3 ms, and a busy endpoint is asked four times a second. */
const USUAL_ADDRESSES = 32
const MOST_SLOWNESS = 16

/** What tells about one endpoint. */
interface Senses {
  plan: EndpointPlan
  watch: EngineWatch | undefined
  feed: KvEventFeed | undefined
  /** Tokens that fit into its cache, by its own word. */
  kvTokens: number | undefined
  /** Why prompts cannot be looked up there by the tokens that others of its model have. */
  otherTokens: string | undefined
}

/** What is known of an endpoint's engine. */
export interface EngineFacts {
  readonly engine: EngineName | undefined
  readonly version: string | undefined
  readonly headers: Readonly<Record<string, string>>
}

/** Keeps a poller and a subscription for each endpoint that has what they read. */
export class EndpointSignals {
  /** Cuts prompts into the blocks of the endpoints that publish events. */
  readonly tokenBlocks: TokenBlocks
  readonly #parts: EndpointSignalsParts
  readonly #senses = new Map<EndpointState, Senses>()
  /** By what they ask: ranks behind one address share one. */
  readonly #polls = new Map<string, AddressPoll>()
  readonly #replaySlots = new ReplaySlots()
  /** Slots of the endpoints with a feed. */
  #slots: readonly number[] = []

  constructor(parts: EndpointSignalsParts) {
    this.#parts = parts
    const { index, adapterOf } = parts
    this.tokenBlocks = createTokenBlocks({ index, slots: () => this.#slots, adapterOf })
  }

  add(endpoint: EndpointState, plan: EndpointPlan): void {
    const senses: Senses = { plan, watch: undefined, feed: undefined, kvTokens: undefined, otherTokens: undefined }
    this.#senses.set(endpoint, senses)
    this.#watch(endpoint, senses)
    this.#follow(endpoint, senses)
  }

  /** Takes over a changed plan; what has not changed goes on. */
  change(endpoint: EndpointState, plan: EndpointPlan): void {
    const senses = this.#senses.get(endpoint)
    if (senses === undefined) return
    const before = senses.plan
    senses.plan = plan
    const asked = differ(targetOf(before), targetOf(plan))
    if (asked) this.#watch(endpoint, senses)
    else if (senses.kvTokens !== undefined) this.#setKvTokens(endpoint, senses, senses.kvTokens)
    const followed = senses.feed !== undefined || plan.kvEvents === undefined
    if (!followed || differ(before.kvEvents, plan.kvEvents) || (asked && plan.kvEvents?.encoding === 'auto')) {
      this.#follow(endpoint, senses)
    }
  }

  /** Ends the subscription to its events until its plan changes. */
  unfollow(endpoint: EndpointState): void {
    const senses = this.#senses.get(endpoint)
    senses?.feed?.[Symbol.dispose]()
    if (senses !== undefined) senses.feed = undefined
    this.#findSlots()
  }

  /** To be called while the endpoint is in the fleet still. */
  remove(endpoint: EndpointState): void {
    const senses = this.#senses.get(endpoint)
    this.#senses.delete(endpoint)
    senses?.watch?.[Symbol.dispose]()
    senses?.feed?.[Symbol.dispose]()
    this.#findSlots()
  }

  close(): void {
    for (const endpoint of this.#senses.keys()) this.remove(endpoint)
  }

  /** The endpoint was away and may have been restarted. */
  returned(endpoint: EndpointState): void {
    const feed = this.feedOf(endpoint)
    if (feed === undefined) this.#parts.index.clear(endpoint.slot)
    else feed.returned()
  }

  /** A request was served by the endpoint with this id. */
  served(id: string, request: SchedulingRequest): void {
    if (this.#slots.length === 0) return
    const endpoint = this.#parts.fleet.endpoint(id)
    if (endpoint !== undefined) this.feedOf(endpoint)?.served(request)
  }

  watchOf(endpoint: EndpointState): EngineWatch | undefined {
    return this.#senses.get(endpoint)?.watch
  }

  feedOf(endpoint: EndpointState): KvEventFeed | undefined {
    return this.#senses.get(endpoint)?.feed
  }

  /** The data-parallel rank that it is; undefined when it is all there is, or the engine chooses. */
  rankOf(endpoint: EndpointState): number | undefined {
    return this.#senses.get(endpoint)?.plan.engine.rank
  }

  /** The engine that was named or found out. */
  engineOf(endpoint: EndpointState): EngineName | undefined {
    const senses = this.#senses.get(endpoint)
    return senses?.plan.engine.engine ?? senses?.watch?.engine
  }

  /** Undefined for an endpoint that is not there any more. */
  factsOf(endpoint: EndpointState): EngineFacts | undefined {
    const senses = this.#senses.get(endpoint)
    if (senses === undefined) return undefined
    const { plan, watch } = senses
    const { version } = watch?.reading ?? {}
    return { engine: plan.engine.engine ?? watch?.engine, version, headers: plan.upstream.headers }
  }

  /** Why an endpoint's blocks cannot be looked up by the tokens that prompts are cut into; undefined where they can. */
  otherTokens(endpoint: EndpointState, why: string | undefined): void {
    const senses = this.#senses.get(endpoint)
    if (senses === undefined || senses.otherTokens === why) return
    senses.otherTokens = why
    senses.feed?.otherTokens(why)
  }

  #watch(endpoint: EndpointState, senses: Senses): void {
    const { fleet, logger, clock } = this.#parts
    senses.watch?.[Symbol.dispose]()
    senses.watch = undefined
    senses.kvTokens = undefined
    fleet.setAsleep(endpoint.id, false)
    const target = targetOf(senses.plan)
    if (!target.polled) return
    const host = {
      logger,
      clock,
      found: (engine: EngineName) => {
        senses.feed?.begin(engine)
        this.#parts.engineFound?.(endpoint)
      },
      capacity: (tokens: number) => this.#setKvTokens(endpoint, senses, tokens),
      asleep: (asleep: boolean) => fleet.setAsleep(endpoint.id, asleep),
      ranks: (count: number, engine: EngineName | undefined) => {
        senses.feed?.ranks(target.rank === undefined ? count : 1)
        this.#parts.ranksTold?.(endpoint, count, engine)
      },
    }
    senses.watch = new EngineWatch(endpoint, target, host, this.#pollOf(target))
  }

  #pollOf({ rank: _rank, ofRanks: _ofRanks, learnsKvTokens: _learns, polled: _polled, ...target }: WatchTarget) {
    const key = JSON.stringify(target)
    const known = this.#polls.get(key)
    if (known !== undefined && !known.ended) return known
    for (const [other, { ended }] of this.#polls) if (ended) this.#polls.delete(other)
    const { logger, clock } = this.#parts
    const slowness = (): number => Math.min(MOST_SLOWNESS, Math.max(1, this.#polls.size / USUAL_ADDRESSES))
    const poll = new AddressPoll(target, { logger, clock, slowness })
    this.#polls.set(key, poll)
    return poll
  }

  #follow(endpoint: EndpointState, senses: Senses): void {
    const { index, logger } = this.#parts
    const { kvEvents, engine } = senses.plan
    senses.feed?.[Symbol.dispose]()
    senses.feed = undefined
    if (kvEvents !== undefined) {
      senses.feed = new KvEventFeed(endpoint, kvEvents, {
        index,
        logger,
        replaySlots: this.#replaySlots,
        blockTokens: () => senses.watch?.reading.blockSize,
      })
      senses.feed.otherTokens(senses.otherTokens)
      const known = engine.engine ?? senses.watch?.engine
      if (known !== undefined || kvEvents.encoding !== 'auto' || senses.watch === undefined) senses.feed.begin(known)
    }
    this.#findSlots()
  }

  #setKvTokens(endpoint: EndpointState, senses: Senses, kvTokens: number): void {
    senses.kvTokens = kvTokens
    if (endpoint.kvTokens !== kvTokens) this.#parts.fleet.configure({ ...senses.plan.settings, kvTokens })
  }

  #findSlots(): void {
    this.#slots = [...this.#senses].filter(([, { feed }]) => feed !== undefined).map(([{ slot }]) => slot)
  }
}

type WatchTarget = EnginePlan & PollTarget

function targetOf({ address, settings, upstream, engine }: EndpointPlan): WatchTarget {
  const { headers, keepAlive, connectTimeout } = upstream
  return { ...engine, name: address, url: settings.url, headers, keepAlive, connectTimeout }
}

function differ(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) !== JSON.stringify(b)
}
