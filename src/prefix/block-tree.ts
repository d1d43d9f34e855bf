import {
  COPIES,
  FIRST_CHILD,
  HASH_HIGH,
  HASH_LOW,
  HASH_TOP,
  KEYED,
  LEVEL_ANY,
  LEVEL_GPU,
  LEVEL_MASK,
  LEVEL_NONE,
  LOCAL,
  MARKS,
  NEXT_SIBLING,
  PREVIOUS_SIBLING,
  RECORD_BYTES,
  RecordPool,
  SHADOW,
  TIERS_SHIFT,
} from './block-records.ts'
import { EngineHashTable } from './engine-hash-table.ts'
import type { HashWords } from './engine-hash.ts'
import { joinRing, leaveRing } from './holder-ring.ts'
import { KEY_HIGH, KEY_LOW, NEWER, OWNER, PARENT } from './holding-pool.ts'
import { KeyTable } from './key-table.ts'
import type { ReportedCache } from './reported-cache.ts'
import { tagTableBytes } from './tag-table.ts'
import { TokenHasher } from './token-block-keys.ts'
import { hasTwin } from './twin-search.ts'

const FIRST_RECORDS = 64

/** Offsets of records are kept in signed 32-bit words. */
const ADDRESSABLE_RECORDS = 0x7ff_ffff

/** The most records, the unused one included, whose arrays fit into `bytes`; both tables of rings may be full. */
export function recordsWithin(bytes: number): number {
  const tables = 3
  const each = RECORD_BYTES + tables * (tagTableBytes(1) - tagTableBytes(0))
  return Math.min(ADDRESSABLE_RECORDS, Math.floor((bytes - tables * tagTableBytes(0)) / each))
}

/**
 * All endpoints' blocks as trees: each record hangs under the record of the block before. A record stays as long as some
 * copy of its block is reported, or a record hangs under it: then the children get their place back when the block is
 * reported again, or at last. A block whose predecessor was never reported hangs under a record that knows no more than
 * the predecessor's engine hash, and gets its key when that becomes known.
 *
 * What carries the search is the record's level. It says whether everything from the prompt's start up to this block is
 * held, in GPU memory or in some tier, and only then the record is in the ring of its key. So what is in rings is closed
 * under prefixes, whatever engines report, and depths may be found by counting holders (see `DepthSearch`). For the count
 * to be right, no two records in rings may have the same predecessor and the same key: the second one, which an engine
 * that keeps apart what its events do not tell apart can cause, is a shadow until the first is gone.
 */
export class BlockTree {
  readonly pool = new RecordPool(FIRST_RECORDS)
  readonly hashes = new EngineHashTable(FIRST_RECORDS)
  /** Rings of blocks at `LEVEL_GPU`. */
  readonly gpu = new KeyTable(FIRST_RECORDS)
  /** Rings of blocks at `LEVEL_ANY`. */
  readonly any = new KeyTable(FIRST_RECORDS)
  readonly #hasher = new TokenHasher()
  /** Records in rings of `any`, and for how many there is room. */
  #inAny = 0
  #anyRoom = FIRST_RECORDS

  get bytes(): number {
    return this.pool.words.byteLength + this.hashes.bytes + this.gpu.bytes + this.any.bytes
  }

  /** True when some endpoint holds a block in a lower tier that continues what it holds. */
  get hasLowerTiers(): boolean {
    return this.#inAny > 0
  }

  grow(records: number): void {
    this.pool.grow(records)
    this.hashes.resize(records)
    this.gpu.resize(records)
  }

  /** A record for a block of which only the engine's hash is known, older than `behind`, or newest of all. */
  create(cache: ReportedCache, hash: HashWords, behind: number): number {
    const record = this.pool.take()
    const { words } = this.pool
    words[record + OWNER] = cache.slot
    words[record + HASH_LOW] = hash.low
    words[record + HASH_HIGH] = hash.high
    words[record + HASH_TOP] = hash.top
    this.hashes.add(words, record)
    cache.order.insertBehind(words, behind, record, record)
    cache.records++
    return record
  }

  /** Hangs a record without parent under another one. */
  hang(record: number, parent: number): void {
    const { words } = this.pool
    const sibling = words[parent + FIRST_CHILD]!
    words[record + PARENT] = parent
    words[record + NEXT_SIBLING] = sibling
    words[sibling + PREVIOUS_SIBLING] = record
    words[parent + FIRST_CHILD] = record
  }

  /** True when `record` is `other` or hangs somewhere under it. */
  isUnder(record: number, other: number): boolean {
    const { words } = this.pool
    let at = record
    while (at !== 0 && at !== other) at = words[at + PARENT]!
    return at !== 0
  }

  /** Gives a record whose tokens are known its key, chained from the one before, and then everything under it. */
  key(top: number, parentLow: number, parentHigh: number): void {
    const { words } = this.pool
    this.#chain(top, parentLow, parentHigh)
    let at = words[top + FIRST_CHILD]!
    while (at !== 0) {
      const parent = words[at + PARENT]!
      this.#chain(at, words[parent + KEY_LOW]!, words[parent + KEY_HIGH]!)
      const child = words[at + FIRST_CHILD]!
      at = child === 0 ? this.#next(at, top) : child
    }
  }

  /** Brings a record's level up to date after its copies, key or parent changed, and then whatever depends on it. */
  settle(cache: ReportedCache, top: number): void {
    const { words } = this.pool
    const parent = words[top + PARENT]!
    const left = (words[top + MARKS]! & LEVEL_MASK) !== 0
    let at = top
    while (at !== 0) {
      const changed = this.#settleOne(cache, at)
      const child = changed ? words[at + FIRST_CHILD]! : 0
      at = child === 0 ? this.#next(at, top) : child
    }
    if (left && cache.shadows > 0 && (words[top + MARKS]! & LEVEL_MASK) === 0) this.#settleShadows(cache, parent)
  }

  /** Drops the record when neither copies nor children need it, and then those above that were kept for it alone. */
  tidy(cache: ReportedCache, record: number): void {
    const { words } = this.pool
    let at = record
    while (at !== 0 && words[at + COPIES] === 0 && words[at + FIRST_CHILD] === 0) {
      const parent = words[at + PARENT]!
      this.#drop(cache, at)
      at = parent
    }
  }

  /** Drops a record with everything under it. Returns how many held blocks that were. */
  forget(cache: ReportedCache, top: number): number {
    const { words } = this.pool
    const before = cache.held
    const parent = words[top + PARENT]!
    let at = top
    for (;;) {
      for (let child = words[at + FIRST_CHILD]!; child !== 0; child = words[at + FIRST_CHILD]!) at = child
      if (at === top) break
      const above = words[at + PARENT]!
      this.#drop(cache, at)
      at = above
    }
    this.#drop(cache, top)
    if (cache.shadows > 0) this.#settleShadows(cache, parent)
    this.tidy(cache, parent)
    return before - cache.held
  }

  /** Drops all of the endpoint's records. */
  forgetAll(cache: ReportedCache): void {
    const { words } = this.pool
    for (let record = cache.order.newest; record !== 0; record = cache.order.newest) {
      words[record + PARENT] = 0
      words[record + NEXT_SIBLING] = 0
      words[record + PREVIOUS_SIBLING] = 0
      this.#drop(cache, record)
    }
  }

  /** Settles every record of the endpoint, because what counts as held has changed. */
  settleAll(cache: ReportedCache): void {
    const { words } = this.pool
    for (let record = cache.order.oldest; record !== 0; record = words[record + NEWER]!) this.settle(cache, record)
  }

  /** The next record of a walk over everything under `top` that leaves out what is under `at`; 0 at its end. */
  #next(at: number, top: number): number {
    const { words } = this.pool
    while (at !== top) {
      const sibling = words[at + NEXT_SIBLING]!
      if (sibling !== 0) return sibling
      at = words[at + PARENT]!
    }
    return 0
  }

  #chain(record: number, parentLow: number, parentHigh: number): void {
    const { words } = this.pool
    const hasher = this.#hasher
    hasher.chain(parentLow, parentHigh, words[record + KEY_LOW]!, words[record + KEY_HIGH]!)
    words[record + KEY_LOW] = hasher.low
    words[record + KEY_HIGH] = hasher.high
    words[record + MARKS]! |= KEYED
  }

  /** Returns whether the level changed. */
  #settleOne(cache: ReportedCache, record: number): boolean {
    const { words } = this.pool
    const marks = words[record + MARKS]!
    const tiers = cache.tiersOf(words[record + COPIES]!)
    this.#count(cache, marks >>> TIERS_SHIFT, tiers)
    const before = marks & LEVEL_MASK
    let level = this.#levelOf(record, marks, tiers)
    let shadow = 0
    if (level !== LEVEL_NONE && before === LEVEL_NONE && hasTwin(words, this.gpu, this.any, record)) {
      level = LEVEL_NONE
      shadow = SHADOW
    }
    if (shadow !== (marks & SHADOW)) cache.shadows += shadow === 0 ? -1 : 1
    words[record + MARKS] = (marks & (KEYED | LOCAL)) | level | shadow | (tiers << TIERS_SHIFT)
    if (before === LEVEL_ANY) cache.countBehind(marks >>> TIERS_SHIFT, -1)
    if (level === LEVEL_ANY) cache.countBehind(tiers, 1)
    if (level === before) return false
    this.#leave(record, before)
    if (level === LEVEL_ANY) this.#makeAnyRoom()
    if (level !== LEVEL_NONE) joinRing(this.#tableOf(level), words, record, cache.slot)
    return true
  }

  #levelOf(record: number, marks: number, tiers: number): number {
    if (tiers === 0 || (marks & KEYED) === 0) return LEVEL_NONE
    const { words } = this.pool
    const parent = words[record + PARENT]!
    const above = parent === 0 ? LEVEL_GPU : words[parent + MARKS]! & LEVEL_MASK
    return (tiers & 1) === 0 ? Math.min(above, LEVEL_ANY) : above
  }

  /** Lets a shadow under `parent` take the place of one that has left its ring. */
  #settleShadows(cache: ReportedCache, parent: number): void {
    const { words } = this.pool
    let record = parent === 0 ? 0 : words[parent + FIRST_CHILD]!
    while (record !== 0) {
      const next = words[record + NEXT_SIBLING]!
      if ((words[record + MARKS]! & SHADOW) !== 0) this.settle(cache, record)
      record = next
    }
  }

  /** Takes a record without children out of everything. */
  #drop(cache: ReportedCache, record: number): void {
    const { words } = this.pool
    const marks = words[record + MARKS]!
    this.#count(cache, marks >>> TIERS_SHIFT, 0)
    if ((marks & SHADOW) !== 0) cache.shadows--
    if ((marks & LEVEL_MASK) === LEVEL_ANY) cache.countBehind(marks >>> TIERS_SHIFT, -1)
    this.#leave(record, marks & LEVEL_MASK)
    this.hashes.remove(words, record)
    cache.order.remove(words, record)
    cache.records--
    const previous = words[record + PREVIOUS_SIBLING]!
    const next = words[record + NEXT_SIBLING]!
    if (previous === 0) words[words[record + PARENT]! + FIRST_CHILD] = next
    else words[previous + NEXT_SIBLING] = next
    words[next + PREVIOUS_SIBLING] = previous
    this.pool.give(record)
  }

  #count(cache: ReportedCache, before: number, tiers: number): void {
    if (before === tiers) return
    cache.held += Number(tiers !== 0) - Number(before !== 0)
    cache.heldByGpu += (tiers & 1) - (before & 1)
  }

  #leave(record: number, level: number): void {
    if (level === LEVEL_NONE) return
    leaveRing(this.#tableOf(level), this.pool.words, record)
    if (level === LEVEL_ANY) this.#inAny--
  }

  #makeAnyRoom(): void {
    this.#inAny++
    if (this.#inAny <= this.#anyRoom) return
    this.#anyRoom = Math.min(this.pool.records, 2 * this.#anyRoom)
    this.any.resize(this.#anyRoom)
  }

  #tableOf(level: number): KeyTable {
    return level === LEVEL_GPU ? this.gpu : this.any
  }
}
