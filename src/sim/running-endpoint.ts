import { prefillSeconds } from '../core/rates.ts'
import type { BlockCache } from '../engine/block-cache.ts'
import { EngineModel } from '../engine/engine-model.ts'
import type { EngineSink } from '../engine/engine-sink.ts'
import type { EngineProfile } from '../engine/profile.ts'
import type { Sequence } from '../engine/sequence.ts'
import type { CacheListener } from './cache-watch.ts'
import { CacheWatch } from './cache-watch.ts'
import type { Call } from './call.ts'
import { HostLoader } from './host-loader.ts'
import type { EnginePrompts } from './prepared-workload.ts'
import type { SimulatedEndpoint } from './scenario.ts'

/** Learns what becomes of the calls that were sent to an endpoint. */
export interface CallEvents {
  firstToken(call: Call, at: number): void
  finished(call: Call, at: number): void
}

/** Learns what an endpoint's engine publishes about its cache; called at the end of steps. */
export interface CacheFeed {
  stored(endpoint: number, node: number, at: number): void
  removed(endpoint: number, node: number, at: number): void
}

/** What there is to do on an endpoint, as one could read it off its engine. */
export interface EndpointLoad {
  readonly inFlight: number
  readonly decoding: number
  /** Prompt tokens that are still to be computed. */
  readonly queuedTokens: number
  /** The same in seconds, by the rates the router believes in. */
  readonly queuedSeconds: number
  /** Prompt and expected output tokens of all requests there. */
  readonly expectedTokens: number
  /** Share of the KV blocks that running requests hold. */
  readonly kvFill: number
}

/**
 * An endpoint while it is simulated: its engine, what is under way there, and what is seen of its cache. Whoever calls
 * owns the clock.
 */
export class RunningEndpoint implements EngineSink<Call>, CacheListener {
  readonly number: number
  readonly spec: SimulatedEndpoint
  readonly believed: EngineProfile
  readonly prompts: EnginePrompts
  engine: EngineModel<Call>
  /** True while requests may be sent there. */
  ready = false
  /** Requests that are there, in the order they came. */
  readonly calls = new Set<Call>()
  /** Requests sent there so far. */
  sent = 0

  readonly #events: CallEvents
  readonly #feed: CacheFeed | undefined
  #watch: CacheWatch
  #host: HostLoader | undefined
  #evicted = 0
  #preemptions = 0
  #now = 0
  #steps = 0

  constructor(number: number, spec: SimulatedEndpoint, prompts: EnginePrompts, events: CallEvents, feed?: CacheFeed) {
    this.number = number
    this.spec = spec
    this.believed = spec.believed ?? spec.profile
    this.prompts = prompts
    this.#events = events
    this.#feed = feed
    this.engine = new EngineModel(spec.profile)
    this.#watch = this.#newWatch()
    this.#host = this.#newHost()
  }

  get cache(): BlockCache {
    return this.engine.cache
  }

  get blockTokens(): number {
    return this.spec.profile.blockSize
  }

  /** Tokens whose blocks can be found in the KV cache. */
  get cachedTokens(): number {
    return this.#watch.keyed * this.blockTokens
  }

  get evictedBlocks(): number {
    return this.#evicted + this.#watch.evicted
  }

  get preemptions(): number {
    return this.#preemptions + this.engine.counters.preemptions
  }

  /** What host memory saves of a prompt of which the KV cache holds `heldTokens` tokens, in tokens. */
  hostCredit(request: number, promptTokens: number, heldTokens: number): number {
    return this.#host?.credit(request, promptTokens, Math.floor(heldTokens / this.blockTokens)) ?? 0
  }

  /**
   * Takes a call in at `at`, with `held` blocks of its prompt in the KV cache. Returns when its blocks from host memory
   * will have arrived and `loaded` is to be called, or -1 when the engine has it already.
   */
  take(call: Call, held: number, at: number): number {
    this.sent++
    this.calls.add(call)
    call.endpoint = this.number
    call.keys = this.prompts.keys[call.number]!
    const cached = held * this.blockTokens
    call.uncachedTokens = Math.max(0, call.promptTokens - cached)
    call.loadsUntil = this.#host?.start(call, held, at) ?? -1
    if (call.loadsUntil < 0) call.sequence = this.engine.submit(call, at)
    return call.loadsUntil
  }

  /** The call's blocks have arrived from host memory. */
  loaded(call: Call, at: number): void {
    this.#now = at
    call.loadsUntil = -1
    this.#host?.finish(call, this.cache, this.#watch)
    call.sequence = this.engine.submit(call, at)
  }

  /** What there is to do at this moment. */
  load(): EndpointLoad {
    let decoding = 0
    let queuedTokens = 0
    let queuedSeconds = 0
    let expectedTokens = 0
    for (const call of this.calls) {
      expectedTokens += call.expectedTokens
      if (call.started) {
        decoding++
        continue
      }
      const left = tokensLeft(call)
      queuedTokens += left
      queuedSeconds += prefillSeconds(this.believed.rates, left, call.promptTokens - left)
    }
    const inFlight = this.calls.size
    return { inFlight, decoding, queuedTokens, queuedSeconds, expectedTokens, kvFill: this.engine.kvUsage }
  }

  /** The endpoint dies: its engine and all it held are gone. Returns the calls that were there. */
  fail(): Call[] {
    this.#evicted = this.evictedBlocks
    this.#preemptions = this.preemptions
    this.engine = new EngineModel(this.spec.profile)
    this.#watch = this.#newWatch()
    this.#host = this.#newHost()
    const lost = [...this.calls]
    this.calls.clear()
    return lost
  }

  /** Part of `EngineSink`. */
  stepped(at: number): void {
    this.#now = at
    if (this.#feed === undefined && this.#host === undefined) return
    // Decoding sequences take one block in as many steps as a block has tokens.
    const all = ++this.#steps % this.blockTokens === 0
    for (const call of this.calls) if (all || !call.started) this.#see(call)
  }

  /** Part of `EngineSink`. */
  firstToken({ request: call }: Sequence<Call>, at: number): void {
    this.#now = at
    this.#see(call)
    call.started = true
    this.#events.firstToken(call, at)
  }

  /** Part of `EngineSink`. */
  finished({ request: call }: Sequence<Call>, at: number): void {
    this.#now = at
    this.#seeEnd(call)
    this.calls.delete(call)
    this.#events.finished(call, at)
  }

  /** Part of `CacheListener`. */
  stored(node: number): void {
    this.#feed?.stored(this.number, node, this.#now)
  }

  /** Part of `CacheListener`. */
  removed(node: number): void {
    this.#host?.memory.use(node)
    if (this.#feed === undefined) return
    const { keys, block } = this.prompts.tree.sampleOf(node)
    const copied = this.cache.has(keys.words[2 * block]!, keys.words[2 * block + 1]!)
    if (!copied) this.#feed.removed(this.number, node, this.#now)
  }

  #see(call: Call): void {
    const { sequence } = call
    if (sequence === undefined || sequence.blockCount === 0) return
    call.seenPreemptions = sequence.preemptions
    const matched = sequence.preemptions > 0 ? 0 : Math.floor(sequence.cachedTokens / this.blockTokens)
    this.#watch.see(call, sequence.blocks, sequence.blockCount, sequence.registered, matched)
  }

  /** At its end a sequence has given its blocks back; the list of them is what was seen before. */
  #seeEnd(call: Call): void {
    if (call.seenBlocks === 0 || call.sequence?.preemptions !== call.seenPreemptions) return
    const computed = call.promptTokens + Math.max(0, call.outputTokens - 1)
    const keyed = Math.min(Math.floor(computed / this.blockTokens), call.keys.count)
    this.#watch.see(call, call.seen, Math.ceil(computed / this.blockTokens), keyed, 0)
  }

  #newWatch(): CacheWatch {
    const listens = this.#feed !== undefined || this.spec.hostTokens > 0
    return new CacheWatch(this.engine.cache.blocks, this.prompts.tree, listens ? this : undefined)
  }

  #newHost(): HostLoader | undefined {
    return this.spec.hostTokens < this.blockTokens ? undefined : new HostLoader(this.spec, this.prompts.tree)
  }
}

function tokensLeft({ sequence, uncachedTokens }: Call): number {
  return sequence?.state === 'prefilling' ? sequence.target - sequence.computed : uncachedTokens
}
