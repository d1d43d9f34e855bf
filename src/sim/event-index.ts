import type { PrefixIndex } from '../core/prefix-index.ts'
import type { BlockKeys } from '../prefix/block-keys.ts'
import type { CacheEventLog, CacheEvents, EventCursor } from './cache-events.ts'
import { PendingIndex } from './pending-index.ts'
import { promptKeys, ROUTER_BLOCK_TOKENS } from './prepared-workload.ts'
import type { PromptTree } from './prompt-tree.ts'
import type { RunningEndpoint } from './running-endpoint.ts'

export interface EventIndexOptions {
  readonly log: CacheEventLog
  readonly endpoints: readonly RunningEndpoint[]
  /** The prompts in the router's blocks. */
  readonly promptTree: PromptTree
  /** Seconds from the end of a step to the arrival of its events. */
  readonly delay: number
  /** Share of the messages that never arrive. */
  readonly loss: number
  readonly clock: () => number
  readonly random: () => number
}

/**
 * An index that knows of the engines' caches what their events say, one message per engine and step, late and with gaps.
 * A lost message leaves blocks unknown that are there, or known that are gone. Prompts that this router has dispatched
 * count as held until their first token.
 */
export class EventIndex extends PendingIndex implements PrefixIndex {
  readonly #options: EventIndexOptions
  /** For each slot a bit per block of its tree. */
  readonly #known: Int32Array[] = []
  readonly #counts: number[] = []
  readonly #cursor: EventCursor

  constructor(options: EventIndexOptions) {
    super(options.promptTree)
    this.#options = options
    this.#cursor = options.log.open()
  }

  addEndpoint(): number {
    const slot = this.#known.length
    const nodes = this.#endpoint(slot).prompts.tree.nodes
    this.#known.push(new Int32Array(Math.ceil(nodes / 32)))
    this.#counts.push(0)
    return slot
  }

  removeEndpoint(slot: number): void {
    this.clear(slot)
  }

  match(keys: BlockKeys, into: Uint32Array): void {
    this.#readEvents()
    const prompt = promptKeys(keys)
    into.fill(0)
    for (let slot = 0; slot < this.#known.length; slot++) {
      const tokens = this.#run(slot, prompt.request) * this.#endpoint(slot).blockTokens
      into[slot] = Math.min(keys.count, Math.floor(tokens / ROUTER_BLOCK_TOKENS))
    }
    this.pending.raise(prompt, into)
  }

  clear(slot: number): void {
    this.pending.clear(slot)
    this.#known[slot]!.fill(0)
    this.#counts[slot] = 0
  }

  held(slot: number): number {
    return Math.floor((this.#counts[slot]! * this.#endpoint(slot).blockTokens) / ROUTER_BLOCK_TOKENS)
  }

  #readEvents(): void {
    const { log, delay, loss, clock, random } = this.#options
    const latest = clock() - delay
    for (;;) {
      const message = log.next(this.#cursor, latest)
      if (message === undefined) return
      if (loss === 0 || random() >= loss) this.#apply(message)
    }
  }

  #apply({ endpoint, stored, removed }: CacheEvents): void {
    for (const node of removed) this.#forget(endpoint, node)
    const known = this.#known[endpoint]!
    for (const node of stored) {
      if ((known[node >>> 5]! & (1 << (node & 31))) !== 0) continue
      known[node >>> 5]! |= 1 << (node & 31)
      this.#counts[endpoint]!++
    }
  }

  #forget(slot: number, node: number): void {
    const known = this.#known[slot]!
    const bit = 1 << (node & 31)
    if ((known[node >>> 5]! & bit) === 0) return
    known[node >>> 5]! ^= bit
    this.#counts[slot]!--
  }

  /** Leading blocks of a prompt that are known to be held. */
  #run(slot: number, request: number): number {
    const known = this.#known[slot]!
    const { paths, pathStarts, starts, ends, firstNodes } = this.#endpoint(slot).prompts.tree
    for (let place = pathStarts[request]!; place < pathStarts[request + 1]!; place++) {
      const edge = paths[place]!
      const length = ends[edge]! - starts[edge]!
      const first = firstNodes[edge]!
      for (let i = 0; i < length; i++) {
        if ((known[(first + i) >>> 5]! & (1 << ((first + i) & 31))) === 0) return starts[edge]! + i
      }
    }
    const last = paths[pathStarts[request + 1]! - 1]
    return last === undefined || pathStarts[request] === pathStarts[request + 1] ? 0 : ends[last]!
  }

  #endpoint(slot: number): RunningEndpoint {
    const endpoint = this.#options.endpoints[slot]
    if (endpoint === undefined) throw new RangeError(`no endpoint at slot ${slot}`)
    return endpoint
  }
}
