import type { BlockKeys } from './block-keys.ts'
import type { Booking } from './booking.ts'
import type { EndpointCache } from './endpoint-cache.ts'
import { joinRing, leaveRing } from './holder-ring.ts'
import {
  HOLDING_BYTES,
  HOLDING_WORDS,
  HoldingPool,
  KEY_HIGH,
  KEY_LOW,
  MARKS,
  NEWER,
  OLDER,
  ONE_CHILD,
  PARENT,
  PENDING,
  STAMP,
  TRUSTED,
} from './holding-pool.ts'
import { KeyTable } from './key-table.ts'
import { PendingBookings } from './pending-bookings.ts'
import { tagTableBytes } from './tag-table.ts'

const FIRST_RECORDS = 64
/** How much larger arrays become at least. */
const GROWTH = 1.25

/** Holdings whose memory is fetched before they are dropped: few enough to be still near when their turn comes. */
const FETCHED_TOGETHER = 256

/** Offsets of holdings are kept in signed 32-bit words. */
const ADDRESSABLE_RECORDS = Math.floor(0x7fff_ffff / HOLDING_WORDS)

/** The most records, the unused one included, whose arrays fit into `bytes`. */
function recordsWithin(bytes: number): number {
  const tableBytes = tagTableBytes(1) - tagTableBytes(0)
  return Math.min(ADDRESSABLE_RECORDS, Math.floor((bytes - tagTableBytes(0)) / (HOLDING_BYTES + tableBytes)))
}

/** All holdings of all endpoints: their records, the table of blocks, the order of use, and the pending bookings. */
export class Holdings {
  readonly pool = new HoldingPool(FIRST_RECORDS)
  readonly table = new KeyTable(FIRST_RECORDS)
  readonly #pending = new PendingBookings()
  readonly #mostRecords: number
  /** Where the reads end up that only fetch memory, because reads whose result goes nowhere are left out. */
  noise = 0

  constructor(maxBytes: number) {
    this.#mostRecords = recordsWithin(maxBytes)
  }

  get bytes(): number {
    return this.pool.words.byteLength + this.table.bytes
  }

  /** The most holdings that fit into the bytes. */
  get most(): number {
    return this.#mostRecords - 1
  }

  /**
   * Enlarges the arrays for `useful` holdings, as far as the bytes allow. Returns how many of `needed` are still missing.
   *
   * They are not enlarged little by little: copying would hold up requests, while an operating system hands out the
   * memory of a large array only where it is used. The margin pays where endpoints are added one after the other.
   */
  reserve(needed: number, useful: number): number {
    const { pool, table } = this
    const wanted = Math.max(useful + 1, Math.ceil(pool.records * GROWTH))
    const records = Math.min(this.#mostRecords, wanted)
    if (records > pool.records) {
      pool.grow(records)
      table.resize(records)
    }
    return Math.max(0, needed - pool.available)
  }

  /**
   * Makes the chain from `deepest` up to the prompt's first block the endpoint's newest, and notes in the booking what
   * it has to know about the blocks before. Stretches of the chain that are neighbours in the list move together.
   */
  refresh(cache: EndpointCache, deepest: number, depth: number, booking: Booking): void {
    const { words } = this.pool
    const { tick, order } = cache
    let block = depth
    let run = words[deepest + STAMP]!
    let bottom = deepest
    while (bottom !== 0) {
      let top = bottom
      for (;;) {
        const stamp = words[top + STAMP]!
        if (stamp !== run) {
          booking.addRun(block, run)
          run = stamp
        }
        words[top + STAMP] = tick
        if (booking.trusted === 0 && (words[top + MARKS]! & TRUSTED) !== 0) booking.trusted = block
        block--
        const parent = words[top + PARENT]!
        if (parent === 0 || words[top + NEWER] !== parent) break
        top = parent
      }
      order.moveToFront(words, top, bottom)
      bottom = words[top + PARENT]!
    }
    if (deepest !== 0) booking.addRun(0, run)
  }

  /** Adds the blocks from `from` to `to` of a prompt behind `parent`, the refreshed holding of the block before them. */
  extend(cache: EndpointCache, parent: number, keys: BlockKeys, from: number, to: number): number {
    const { pool, table } = this
    const { words } = pool
    const { tick, slot } = cache
    this.#fetchKeys(keys, from, to)
    let first = 0
    let last = parent
    for (let block = from; block < to; block++) {
      const holding = pool.take()
      words[holding + KEY_LOW] = keys.words[2 * block]!
      words[holding + KEY_HIGH] = keys.words[2 * block + 1]!
      words[holding + PARENT] = last
      words[holding + STAMP] = tick
      words[holding + MARKS] = 0
      words[last + MARKS]! += ONE_CHILD
      joinRing(table, words, holding, slot)
      if (first === 0) {
        first = holding
      } else {
        words[holding + NEWER] = last
        words[last + OLDER] = holding
      }
      last = holding
    }
    if (first !== 0) cache.order.insertBehind(words, parent, first, last)
    cache.held += to - from
    return last
  }

  /** Drops all of the endpoint's holdings and forgets its pending bookings. */
  evictAll(cache: EndpointCache): void {
    this.#pending.forget(cache)
    this.evictOldest(cache, cache.held)
  }

  /** Drops the endpoint's `count` oldest holdings, or all it has. Returns how many. */
  evictOldest(cache: EndpointCache, count: number): number {
    const { words } = this.pool
    const evicted = Math.min(count, cache.held)
    let holding = cache.order.oldest
    for (let left = evicted; left > 0; left--) {
      if ((evicted - left) % FETCHED_TOGETHER === 0) this.#fetchFrom(holding, Math.min(left, FETCHED_TOGETHER))
      const newer = words[holding + NEWER]!
      this.#drop(holding)
      holding = newer
    }
    cache.order.cutBehind(words, holding)
    cache.held -= evicted
    return evicted
  }

  /**
   * Drops the endpoint's holdings that are not stamped later than `stamp`, except those that a pending booking vouches
   * for: the engine is about to compute them. Returns how many were dropped.
   */
  evictUntil(cache: EndpointCache, stamp: number): number {
    const { words } = this.pool
    const before = cache.held
    let holding = cache.order.oldest
    while (holding !== 0 && words[holding + STAMP]! <= stamp) {
      const newer = words[holding + NEWER]!
      // What is behind this block is no newer and was visited before. If some of it is left, it is pending.
      if (words[holding + MARKS]! < ONE_CHILD && (words[holding + MARKS]! & PENDING) === 0)
        this.#dropAlone(cache, holding)
      holding = newer
    }
    return before - cache.held
  }

  vouch(booking: Booking, end: number): void {
    if (end === 0) return
    this.#pending.add(booking, end)
    this.pool.words[end + MARKS]! |= PENDING
  }

  /** Ends the pending booking and makes what is left of its blocks trusted. */
  trust(booking: Booking): void {
    const { words } = this.pool
    this.#release(booking)
    for (let holding = booking.end; holding !== 0; holding = words[holding + PARENT]!) {
      if ((words[holding + MARKS]! & TRUSTED) !== 0) return
      words[holding + MARKS]! |= TRUSTED
    }
  }

  /** Ends the pending booking and drops the blocks for which nothing else vouches. Returns how many. */
  retract(booking: Booking): number {
    const { words } = this.pool
    const { cache } = booking
    const before = cache.held
    this.#release(booking)
    let holding = booking.end
    // No mark at all: not trusted, no other booking ends here, and nothing is held behind it.
    while (holding !== 0 && words[holding + MARKS] === 0) {
      const parent = words[holding + PARENT]!
      this.#dropAlone(cache, holding)
      holding = parent
    }
    return before - cache.held
  }

  // The table slots of new and of old blocks are seldom in a cache. Where each is waited for in its turn, that wait is most
  // of the time a booking takes. Reading them all beforehand, none depending on another, lets the waits overlap.

  #fetchKeys(keys: BlockKeys, from: number, to: number): void {
    let noise = 0
    for (let block = from; block < to; block++) {
      noise ^= this.table.touch(keys.words[2 * block]! | 0, keys.words[2 * block + 1]! | 0)
    }
    this.noise = noise
  }

  #fetchFrom(oldest: number, count: number): void {
    const { words } = this.pool
    let noise = 0
    let holding = oldest
    for (let left = count; left > 0; left--) {
      noise ^= this.table.touch(words[holding + KEY_LOW]!, words[holding + KEY_HIGH]!)
      holding = words[holding + NEWER]!
    }
    this.noise = noise
  }

  #release(booking: Booking): void {
    if (booking.end === 0) return
    const alone = this.#pending.remove(booking)
    if (alone) this.pool.words[booking.end + MARKS]! &= ~PENDING
  }

  #dropAlone(cache: EndpointCache, holding: number): void {
    cache.order.remove(this.pool.words, holding)
    cache.held--
    this.#drop(holding)
  }

  /** Drops a holding that has no children. The caller takes it out of the endpoint's list and count. */
  #drop(holding: number): void {
    const { words } = this.pool
    const parent = words[holding + PARENT]!
    if ((words[holding + MARKS]! & PENDING) !== 0) {
      this.#pending.move(holding, parent)
      words[parent + MARKS]! |= PENDING
    }
    words[parent + MARKS]! -= ONE_CHILD
    leaveRing(this.table, words, holding)
    this.pool.give(holding)
  }
}
