import { BlockIntake } from './block-intake.ts'
import { type EventOutcome, isElsewhere, type RemovedBlocks, type StoredBlocks } from './block-events.ts'
import type { BlockKeys } from './block-keys.ts'
import { COPIES } from './block-records.ts'
import { BlockTree, recordsWithin } from './block-tree.ts'
import { DepthSearch } from './depth-search.ts'
import { EndpointSlots } from './endpoint-slots.ts'
import { NEWER, PARENT } from './holding-pool.ts'
import { type EventCounts, ReportedCache } from './reported-cache.ts'
import { bitsPerGroup, narrowCopies, tierNumber } from './tier-copies.ts'
import type { TierMatches } from './tier-matches.ts'
import { TierSearch } from './tier-search.ts'

const DEFAULT_MAX_BYTES = 256 * 1024 * 1024
const LEAST_MAX_BYTES = 16_384
/** How much larger arrays become at least. */
const GROWTH = 1.5
/** Room beyond what endpoints hold: for what they report before they say what they evicted for it. */
const MARGIN = 1 + 1 / 16

export interface ExactIndexOptions {
  /** Bytes that all arrays of the index may take together, at least 16384. Default 256 MiB. */
  readonly maxBytes?: number
}

export interface ReportingEndpoint {
  /** Blocks for which room is made at once, if the endpoint's capacity is known. Default 0. */
  readonly expectedBlocks?: number
  /** Tokens in a block; default what the first event says. */
  readonly blockTokens?: number
  /**
   * Copies of one block in one tier that are told apart, up to 255. An engine that reports each copy by itself (vLLM)
   * needs more than 1, and then no event may be taken in twice. With 1, the default, events may come twice.
   */
  readonly maxCopies?: number
}

/**
 * Which endpoint holds which blocks in which tier, as the engines themselves report it. A block is identified by the
 * chained hash of its tokens (`token-block-keys.ts`); an engine's own hashes only say which block an event means.
 *
 * What an endpoint holds of a prompt is its leading run: a block counts only if everything before it is held. The index
 * keeps apart, while it takes events in, what belongs to such a run (see `BlockTree`), so that a match is found without
 * walking, and is exact for whatever set of blocks is reported, gaps included.
 *
 * The arrays take no more than `maxBytes`; the endpoint with most records gives up its least recently used blocks.
 */
export class ExactIndex {
  readonly #tree = new BlockTree()
  readonly #intake = new BlockIntake(this.#tree)
  readonly #search = new DepthSearch()
  readonly #tierSearch = new TierSearch()
  readonly #caches = new EndpointSlots<ReportedCache>('the exact prefix index')
  readonly #mostRecords: number
  #layout = 0

  constructor({ maxBytes = DEFAULT_MAX_BYTES }: ExactIndexOptions = {}) {
    if (!(maxBytes >= LEAST_MAX_BYTES)) {
      throw new RangeError(`maxBytes of the exact prefix index must be at least ${LEAST_MAX_BYTES}, not ${maxBytes}`)
    }
    this.#mostRecords = recordsWithin(maxBytes)
  }

  /** Bytes of all arrays. Never more than `maxBytes`. */
  get bytes(): number {
    return this.#tree.bytes
  }

  /** The most (block, endpoint) pairs that fit into `maxBytes`. */
  get maxHeld(): number {
    return this.#mostRecords - 1
  }

  /** One more than the highest slot that is or was in use. */
  get slots(): number {
    return this.#caches.all.length
  }

  /** Another number whenever the size of some endpoint's blocks may be another one. */
  get layout(): number {
    return this.#layout
  }

  /** Adds an endpoint and returns its slot: the lowest one free. */
  addEndpoint({ expectedBlocks = 0, blockTokens = 0, maxCopies = 1 }: ReportingEndpoint = {}): number {
    this.#layout++
    return this.#caches.add((slot) => new ReportedCache(slot, expectedBlocks, blockTokens, maxCopies))
  }

  /** Forgets the endpoint. Its slot may be given to another one. */
  removeEndpoint(slot: number): void {
    this.clear(slot)
    this.#caches.remove(slot)
  }

  /** Forgets the endpoint's blocks, block size and groups, because it was restarted or its events begin anew. */
  clear(slot: number): void {
    const cache = this.#caches.at(slot)
    this.#tree.forgetAll(cache)
    cache.forgetLayout()
    this.#layout++
  }

  /** The engine says that it has emptied all tiers. */
  cleared(slot: number): void {
    this.#tree.forgetAll(this.#caches.at(slot))
  }

  /** The engine says that it holds these blocks. */
  stored(slot: number, event: StoredBlocks): EventOutcome {
    const cache = this.#caches.at(slot)
    const { counts } = cache
    if (isElsewhere(event)) {
      counts.elsewhere++
      return 'elsewhere'
    }
    const tier = tierNumber(event.tier ?? 'gpu')
    if (!cache.keepsPrefixes(event.groupIndex, event.groupKind)) {
      counts.otherAttention++
      return 'other-attention'
    }
    // A group in other blocks must not become one of those that have to hold a block: none would ever be held by all.
    if (!this.#isSized(cache, event, tier)) {
      counts.otherBlockSize++
      return 'other-block-size'
    }
    const place = this.#placeOf(cache, event)
    if (place < 0) {
      counts.otherAttention++
      return 'other-attention'
    }
    if (event.tokenIds.length === 0) {
      this.#intake.storeKnown(cache, event, tier, place)
      return 'applied'
    }
    return this.#store(cache, event, tier, place)
  }

  /** The engine says that one copy of each of these blocks is gone. */
  removed(slot: number, event: RemovedBlocks): EventOutcome {
    const cache = this.#caches.at(slot)
    if (isElsewhere(event)) {
      cache.counts.elsewhere++
      return 'elsewhere'
    }
    const place = cache.placeOf(event.groupIndex)
    if (place < 0) {
      cache.counts.otherAttention++
      return 'other-attention'
    }
    this.#intake.remove(cache, event, tierNumber(event.tier ?? 'gpu'), place)
    return 'applied'
  }

  /** Blocks that the endpoint holds in some tier, reachable or not. */
  held(slot: number): number {
    return this.#caches.at(slot).held
  }

  /** Blocks that the endpoint holds in GPU memory. */
  heldByGpu(slot: number): number {
    return this.#caches.at(slot).heldByGpu
  }

  /** Records kept for the endpoint: held blocks, and those that are kept for others' sake. */
  records(slot: number): number {
    return this.#caches.at(slot).records
  }

  /** Tokens in a block of the endpoint, 0 while no event has said it. */
  blockTokens(slot: number): number {
    return this.#caches.at(slot).blockTokens
  }

  counts(slot: number): Readonly<EventCounts> {
    return { ...this.#caches.at(slot).counts }
  }

  /**
   * Writes to `into[slot]` how many leading blocks of the prompt each endpoint holds in GPU memory, and 0 everywhere
   * else. Throws a RangeError when `into` is shorter than `slots`.
   */
  match(keys: BlockKeys, into: Uint32Array): void {
    if (into.length < this.slots) {
      throw new RangeError(`a match needs room for ${this.slots} slots, but was given ${into.length}`)
    }
    into.fill(0)
    this.#search.match(this.#tree.gpu, this.#tree.pool.words, keys, into)
  }

  /** Like `match`, and how many blocks of which tier continue the blocks in GPU memory. */
  matchTiers(keys: BlockKeys, matches: TierMatches): void {
    matches.prepare(this.slots)
    this.match(keys, matches.leading)
    if (this.#tree.hasLowerTiers) this.#tierSearch.match(this.#tree, this.#caches.all, keys, matches)
  }

  /** How many leading blocks of the prompt one endpoint holds in GPU memory. */
  depth(slot: number, keys: BlockKeys): number {
    return this.#search.deepest(this.#tree.gpu, this.#tree.pool.words, keys, slot, keys.count)
  }

  /**
   * Makes what the endpoint holds of the prompt its most recently used blocks. While the index is less than half full,
   * nothing is going to be evicted for long, and nothing is done.
   */
  touch(slot: number, keys: BlockKeys): void {
    const { records, available } = this.#tree.pool
    if (2 * (records - available) < this.#mostRecords) return
    this.depth(slot, keys)
    this.#refresh(this.#caches.at(slot), this.#search.found)
  }

  #store(cache: ReportedCache, event: StoredBlocks, tier: number, place: number): EventOutcome {
    const count = event.blockHashes.length
    if (event.tokenIds.length !== count * event.blockSize) {
      cache.counts.contradictory++
      return 'malformed'
    }
    const room = this.#makeRoom(cache, event, count + 1) - 1
    const outcome = this.#intake.store(cache, event, Math.min(count, room), tier, place)
    if (room >= count) return outcome
    cache.counts.evicted += count - room
    return 'truncated'
  }

  /** True when the event is in the endpoint's blocks, whose size it may be the first to say. */
  #isSized(cache: ReportedCache, { blockSize }: StoredBlocks, tier: number): boolean {
    const before = cache.blockTokens
    const sized = cache.takeBlockSize(blockSize, tier)
    if (cache.blockTokens === before) return sized
    this.#layout++
    if (before !== 0) this.#tree.forgetAll(cache)
    return sized
  }

  /** The place of the event's group. A group that was not met before and matters changes what counts as held. */
  #placeOf(cache: ReportedCache, event: StoredBlocks): number {
    const before = cache.groups
    const place = cache.place(event.groupIndex)
    if (cache.groups === before) return place
    const { words } = this.#tree.pool
    const bits = bitsPerGroup(cache.groups)
    if (bits !== cache.groupBits) {
      for (let record = cache.order.oldest; record !== 0; record = words[record + NEWER]!) {
        words[record + COPIES] = narrowCopies(words[record + COPIES]!, cache.groupBits, bits)
      }
      cache.groupBits = bits
    }
    this.#tree.settleAll(cache)
    return place
  }

  /** Enlarges the arrays or evicts until `needed` records can be taken. Returns how many can be, at most `needed`. */
  #makeRoom(cache: ReportedCache, event: StoredBlocks, needed: number): number {
    const tree = this.#tree
    if (tree.pool.available >= needed) return needed
    const { records } = tree.pool
    const missing = needed - tree.pool.available
    const wanted = Math.max(this.#expectedRecords(), Math.ceil(records * GROWTH), records + missing)
    if (records < this.#mostRecords) tree.grow(Math.min(this.#mostRecords, wanted))
    if (tree.pool.available >= needed) return needed
    // What the new blocks continue must not be evicted for them.
    this.#refresh(cache, this.#intake.findParent(cache, event))
    while (tree.pool.available < needed) {
      const victim = this.#largest(cache)
      if (victim.records === 0) break
      victim.counts.evicted += tree.forget(victim, victim.order.oldest)
    }
    return Math.min(needed, tree.pool.available)
  }

  /** Makes a block and those before it the newest of the endpoint; neighbours in the list move together. */
  #refresh(cache: ReportedCache, deepest: number): void {
    const { words } = this.#tree.pool
    let bottom = deepest
    while (bottom !== 0) {
      let top = bottom
      for (let above = words[top + PARENT]!; above !== 0 && words[top + NEWER] === above; above = words[top + PARENT]!)
        top = above
      cache.order.moveToFront(words, top, bottom)
      bottom = words[top + PARENT]!
    }
  }

  #largest(first: ReportedCache): ReportedCache {
    let largest = first
    for (const cache of this.#caches.all) if (cache !== undefined && cache.records > largest.records) largest = cache
    return largest
  }

  #expectedRecords(): number {
    let sum = 1
    for (const cache of this.#caches.all) sum += cache?.expectedBlocks ?? 0
    return Math.ceil(sum * MARGIN)
  }
}
