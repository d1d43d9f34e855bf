import type { BlockKeys } from './block-keys.ts'
import { Booking } from './booking.ts'
import { DepthSearch } from './depth-search.ts'
import { EndpointCache } from './endpoint-cache.ts'
import { EndpointSlots } from './endpoint-slots.ts'
import { holderCount } from './holder-ring.ts'
import { Holdings } from './holdings.ts'

const DEFAULT_MAX_BYTES = 256 * 1024 * 1024
const LEAST_MAX_BYTES = 4096

export interface PredictedIndexOptions {
  /** Bytes that all arrays of the index may take together, at least 4096. Default 256 MiB. */
  readonly maxBytes?: number
  /** Where each endpoint's logical clock starts. Only of use to test how it wraps. Default 0. */
  readonly firstTick?: number
}

/** Blocks that left the index since it was made, by reason. Blocks of cleared and removed endpoints do not count. */
export interface Evictions {
  /** To keep an endpoint within its capacity. */
  readonly capacity: number
  /** To keep the index within its bytes. */
  readonly budget: number
  /** Because an engine reported fewer cached blocks than predicted. */
  readonly correction: number
  /** Because only a withdrawn booking had vouched for them. */
  readonly withdrawal: number
}

/**
 * Which endpoint is believed to hold which prompt blocks in its KV cache, concluded from the requests that were sent
 * there and from what the engines report about them.
 *
 * Three invariants carry everything:
 * - What an endpoint holds is closed under prefixes: whoever holds block i of a prompt holds blocks 0 to i - 1 of it.
 *   A booking makes its prompt the newest of the endpoint, every block older than the one before it, as engines free
 *   them. So nothing is held behind the oldest block of an endpoint, and evicting from the old end keeps the set closed.
 * - Every held block is trusted, or a pending booking ends at it or behind it. The trusted set is closed as well.
 * - An endpoint holds no more than its bound, and the arrays take no more than `maxBytes`. Eviction is synchronous.
 *
 * An endpoint is named by its slot, a small integer. Naming a slot that is not in use throws a RangeError.
 */
export class PredictedIndex {
  readonly #holdings: Holdings
  readonly #search = new DepthSearch()
  readonly #caches = new EndpointSlots<EndpointCache>('the prefix index')
  /** Where a match goes for which less room is given than there are slots. */
  #whole = new Uint32Array(0)
  readonly #firstTick: number
  readonly #evictions = { capacity: 0, budget: 0, correction: 0, withdrawal: 0 }

  constructor({ maxBytes = DEFAULT_MAX_BYTES, firstTick = 0 }: PredictedIndexOptions = {}) {
    if (!(maxBytes >= LEAST_MAX_BYTES)) {
      throw new RangeError(`maxBytes of the prefix index must be at least ${LEAST_MAX_BYTES}, not ${maxBytes}`)
    }
    this.#holdings = new Holdings(maxBytes)
    this.#firstTick = firstTick
  }

  /** Bytes of all arrays. Never more than `maxBytes`. */
  get bytes(): number {
    return this.#holdings.bytes
  }

  /** The most (block, endpoint) pairs that fit into `maxBytes`. */
  get maxHeld(): number {
    return this.#holdings.most
  }

  /** One more than the highest slot that is or was in use. */
  get slots(): number {
    return this.#caches.all.length
  }

  get evictions(): Evictions {
    return { ...this.#evictions }
  }

  /** Adds an endpoint whose KV cache keeps `capacityBlocks` blocks, and returns its slot: the lowest one free. */
  addEndpoint(capacityBlocks: number): number {
    checkBlocks('the capacity of an endpoint is', capacityBlocks)
    return this.#caches.add((slot) => new EndpointCache(slot, capacityBlocks, this.#firstTick))
  }

  /** Forgets the endpoint. Its slot may be given to another one. */
  removeEndpoint(slot: number): void {
    this.clear(slot)
    this.#caches.remove(slot)
  }

  /** Forgets what the endpoint holds and what was learned about its capacity, because it was restarted. */
  clear(slot: number): void {
    const cache = this.#caches.at(slot)
    this.#holdings.evictAll(cache)
    cache.bound.forget()
    cache.epoch++
  }

  /** Sets how many blocks the endpoint's KV cache keeps, and evicts at once what is too much. */
  setCapacity(slot: number, capacityBlocks: number): void {
    checkBlocks('the capacity of an endpoint is', capacityBlocks)
    const cache = this.#caches.at(slot)
    cache.bound.configure(capacityBlocks)
    this.#evictBeyond(cache, cache.bound.blocks)
  }

  /** Blocks that the endpoint is believed to hold. */
  held(slot: number): number {
    return this.#caches.at(slot).held
  }

  /**
   * Blocks that the endpoint keeps at most: the configured capacity, or less where its engine was seen to evict earlier.
   * No booking lets the endpoint hold more.
   */
  learnedCapacity(slot: number): number {
    return this.#caches.at(slot).bound.blocks
  }

  /** How many endpoints hold the block with this key, given as low and high word. */
  holders(low: number, high: number): number {
    const { table, pool } = this.#holdings
    return holderCount(pool.words, table.find(pool.words, low | 0, high | 0))
  }

  /**
   * Writes to `into[slot]` how many leading blocks of the prompt each endpoint holds, and 0 everywhere else. Endpoints for
   * which there is no room are left out.
   */
  match(keys: BlockKeys, into: Uint32Array): void {
    if (into.length < this.slots) {
      this.#matchWhole(keys, into)
      return
    }
    into.fill(0)
    const { table, pool } = this.#holdings
    this.#search.match(table, pool.words, keys, into)
  }

  /**
   * Books a prompt on the endpoint to which it is dispatched: its blocks, as many leading ones as the endpoint can keep,
   * count as held from now on, and are its newest. The booking is pending until it is confirmed or withdrawn.
   */
  book(slot: number, keys: BlockKeys): Booking {
    const cache = this.#caches.at(slot)
    const holdings = this.#holdings
    const { table, pool } = holdings
    cache.nextTick(pool.words)
    const booking = new Booking(cache)
    const blocks = Math.min(keys.count, cache.bound.blocks, holdings.most)
    const matched = this.#search.deepest(table, pool.words, keys, slot, blocks)
    const deepest = this.#search.found
    booking.matched = matched
    booking.blocks = blocks
    holdings.refresh(cache, deepest, matched, booking)
    let end = deepest
    if (blocks > matched) {
      this.#makeRoom(cache, matched, blocks - matched)
      end = holdings.extend(cache, deepest, keys, matched, blocks)
    }
    holdings.vouch(booking, end)
    return booking
  }

  /** The answer has started: what is left of the booking's blocks is trusted. Only the first call of either kind acts. */
  confirm(booking: Booking): void {
    if (booking.state !== 'pending') return
    booking.state = 'confirmed'
    this.#holdings.trust(booking)
  }

  /**
   * The attempt failed: blocks that were not trusted and that no other pending booking needs are dropped. Does nothing
   * after `confirm`, and nothing the second time.
   */
  withdraw(booking: Booking): void {
    if (booking.state !== 'pending') return
    booking.state = 'withdrawn'
    this.#evictions.withdrawal += this.#holdings.retract(booking)
  }

  /**
   * Learns from the engine how many leading blocks of the booked prompt it had cached when it took the request, rounded
   * up to whole blocks. Acts once for each booking, before or after `confirm`, and not after `withdraw`.
   *
   * Engines evict what was used least recently. If the engine lacked a block that was trusted at the booking, then
   * whatever had not been used since that block is gone too, and is dropped unless it was booked again since. Blocks in
   * flight at the booking prove nothing: they may just not have been computed yet.
   *
   * Engines compute at least the last token, so a prompt that is cached in full is reported as slightly less. The caller
   * rounds that up too; otherwise it reads as an eviction. Returns the number of blocks dropped.
   */
  correct(booking: Booking, cachedBlocks: number): number {
    checkBlocks('the engine reported', cachedBlocks)
    const { cache } = booking
    // Clearing and removing an endpoint change its epoch too.
    const stale = booking.epoch !== cache.epoch
    if (booking.corrected || booking.state === 'withdrawn' || stale) return 0
    booking.corrected = true
    if (cachedBlocks >= booking.trusted) {
      const asPredicted = cachedBlocks > 0 && cachedBlocks >= booking.matched
      if (asPredicted) cache.bound.held(cachedBlocks, cachedBlocks > booking.matched)
      return 0
    }
    const dropped = this.#holdings.evictUntil(cache, booking.stampBefore(cachedBlocks))
    this.#evictions.correction += dropped
    cache.bound.evictedBeyond(Math.max(cache.held, booking.blocks))
    return dropped
  }

  #matchWhole(keys: BlockKeys, into: Uint32Array): void {
    if (this.#whole.length < this.slots) this.#whole = new Uint32Array(2 * this.slots)
    this.match(keys, this.#whole)
    into.set(this.#whole.subarray(0, into.length))
  }

  /** Evicts from the endpoint, and then from whichever holds most, until `needed` more holdings fit. */
  #makeRoom(cache: EndpointCache, refreshed: number, needed: number): void {
    this.#evictBeyond(cache, cache.bound.blocks - needed)
    if (this.#holdings.pool.available >= needed) return
    let short = this.#holdings.reserve(needed, this.#usefulHoldings())
    while (short > 0) {
      const [victim, spare] = this.#mostSpare(cache, refreshed)
      const evicted = this.#holdings.evictOldest(victim, Math.min(short, spare))
      this.#evictions.budget += evicted
      short -= evicted
    }
  }

  #evictBeyond(cache: EndpointCache, blocks: number): void {
    if (cache.held > blocks) this.#evictions.capacity += this.#holdings.evictOldest(cache, cache.held - blocks)
  }

  /** The endpoint with most holdings besides the `refreshed` ones of `booked`, and how many these are. */
  #mostSpare(booked: EndpointCache, refreshed: number): [EndpointCache, number] {
    let victim = booked
    let most = booked.held - refreshed
    for (const cache of this.#caches.all) {
      if (cache === undefined || cache === booked || cache.held <= most) continue
      victim = cache
      most = cache.held
    }
    return [victim, most]
  }

  /** How many holdings there can ever be with the endpoints as they are. */
  #usefulHoldings(): number {
    let sum = 0
    for (const cache of this.#caches.all) sum += cache?.bound.configured ?? 0
    return sum
  }
}

function checkBlocks(what: string, blocks: number): void {
  if (Number.isInteger(blocks) && blocks >= 0) return
  throw new RangeError(`${what} ${blocks} blocks; expected a whole number, 0 or more`)
}
