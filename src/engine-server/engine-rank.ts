import { EngineModel } from '../engine/engine-model.ts'
import type { Sequence } from '../engine/sequence.ts'
import type { BlockHash } from '../signals/kv-events/block-hash.ts'
import { EngineDriver } from './engine-driver.ts'
import type { EngineOptions } from './engine-options.ts'
import type { EngineTimings } from './engine-timings.ts'
import { createTimings } from './engine-timings.ts'
import type { Generation } from './generation.ts'
import { CacheFeed } from './kv/cache-feed.ts'
import type { EventOutlet } from './kv/event-outlet.ts'
import { PulledEvents } from './kv/pulled-events.ts'

/** What dies with the process. */
interface Life {
  readonly model: EngineModel<Generation>
  readonly driver: EngineDriver
  readonly timings: EngineTimings
  readonly feed: CacheFeed | undefined
}

/** One of the engines behind a port: a data-parallel rank with its batch, its cache and its stream of events. */
export class EngineRank {
  readonly index: number
  readonly outlet: EventOutlet | undefined
  /** Events for whoever fetches them, under TensorRT-LLM's protocol. */
  readonly pulled: PulledEvents | undefined
  readonly #options: EngineOptions
  #life: Life

  constructor(options: EngineOptions, index: number, outlet?: EventOutlet) {
    this.index = index
    this.outlet = outlet
    this.#options = options
    const pulls = options.kvEvents?.form === 'tensorrt-llm'
    this.pulled = pulls ? new PulledEvents(options.dataParallelSize === 1 ? undefined : index) : undefined
    this.#life = this.#begin()
  }

  get model(): EngineModel<Generation> {
    return this.#life.model
  }

  get driver(): EngineDriver {
    return this.#life.driver
  }

  get timings(): EngineTimings {
    return this.#life.timings
  }

  /** False where nothing is found of earlier requests. */
  get prefixCaching(): boolean {
    return this.#options.prefixCaching
  }

  /** Requests in queue and batch. */
  get requests(): number {
    return this.model.running + this.model.waiting
  }

  /** Breaks off every request and begins with an empty cache and all counters at 0. Events are numbered by the outlet. */
  restart(): void {
    this.driver.crash()
    this.pulled?.restart()
    const { slowdown } = this.model
    this.#life = this.#begin()
    this.model.slowdown = slowdown
  }

  /** Publishes what has not been published yet. */
  flushEvents(): void {
    this.#life.feed?.flush()
  }

  /** The published hash of every findable block, by block; undefined without events. */
  cachedHashes(): BlockHash[] | undefined {
    const { feed, model } = this.#life
    if (feed === undefined) return undefined
    const hashes: BlockHash[] = []
    for (let block = 0; block < model.cache.blocks; block++) {
      if (model.cache.isKeyed(block)) hashes.push(feed.hashOf(block) ?? -1n)
    }
    return hashes
  }

  #begin(): Life {
    const { profile, speed, loras } = this.#options
    const feed = this.#createFeed()
    const mayAdmit = loras === undefined ? undefined : adapterLimit(this.#options.maxLoras)
    const model = new EngineModel<Generation>(profile, { cache: feed, mayAdmit })
    model.slowdown = this.#options.faults.slow
    const timings = createTimings()
    const flush = feed === undefined ? undefined : (): void => feed.flush()
    return { model, timings, feed, driver: new EngineDriver(model, timings, speed, flush) }
  }

  #createFeed(): CacheFeed | undefined {
    const { outlet, pulled } = this
    // An engine that caches nothing publishes nothing either.
    if (outlet === undefined || !this.prefixCaching) return undefined
    const { chain, copies } = outlet.dialect
    return new CacheFeed({
      blockSize: this.#options.profile.blockSize,
      chain,
      copies,
      publish(events) {
        outlet.publish(events)
        pulled?.add(events)
      },
    })
  }
}

/** Requests of one adapter more than fit together wait, whatever comes behind them. */
function adapterLimit(most: number): (request: Generation, running: readonly Sequence<Generation>[]) => boolean {
  return ({ adapter }, running) => {
    if (adapter === undefined) return true
    const names = new Set<string>()
    for (const { request } of running) if (request.adapter !== undefined) names.add(request.adapter.name)
    return names.has(adapter.name) || names.size < most
  }
}
