import type { EventOutcome, RemovedBlocks, StoredBlocks } from './block-events.ts'
import { COPIES, KEYED, LOCAL, MARKS } from './block-records.ts'
import type { BlockTree } from './block-tree.ts'
import { HashWords } from './engine-hash.ts'
import { KEY_HIGH, KEY_LOW } from './holding-pool.ts'
import type { ReportedCache } from './reported-cache.ts'
import { type BlockKey, namespaceSeed, TokenHasher } from './token-block-keys.ts'

const NO_SEED: BlockKey = { low: 0, high: 0 }

/** Takes what engines report into the tree of blocks. The caller has checked that the events concern the endpoint. */
export class BlockIntake {
  readonly #tree: BlockTree
  readonly #hash = new HashWords()
  readonly #hasher = new TokenHasher()
  /** Seeds of prompts without adapter and salt, by block size. */
  readonly #plainSeeds = new Map<number, BlockKey>()

  constructor(tree: BlockTree) {
    this.#tree = tree
  }

  /** Adds a copy of the first `blocks` blocks of the event. There is room for one record more than blocks. */
  store(cache: ReportedCache, event: StoredBlocks, blocks: number, tier: number, place: number): EventOutcome {
    const { words } = this.#tree.pool
    const starts = event.parentHash === undefined
    const seed = starts ? this.#seedOf(event) : NO_SEED
    let parent = starts ? 0 : this.#parentOf(cache, event)
    const orphaned = !starts && (words[parent + MARKS]! & KEYED) === 0
    if (orphaned) cache.counts.orphaned++
    for (let block = 0; block < blocks; block++) {
      this.#hash.read(event.blockHashes[block]!)
      this.#hasher.local(event.tokenIds, block * event.blockSize, event.blockSize)
      if (event.extraKeys !== undefined) this.#hasher.addExtras(event.extraKeys[block])
      const record = this.#enter(cache, parent, seed)
      if (record === 0) return 'contradictory'
      words[record + COPIES] = cache.add(words[record + COPIES]!, tier, place)
      this.#tree.settle(cache, record)
      cache.counts.stored++
      parent = record
    }
    return orphaned ? 'orphaned' : 'applied'
  }

  /** Adds a copy of those blocks of the event that are known, whose tokens the engine does not repeat. */
  storeKnown(cache: ReportedCache, event: StoredBlocks, tier: number, place: number): void {
    const { words } = this.#tree.pool
    for (let block = 0; block < event.blockHashes.length; block++) {
      const record = this.find(cache, event, block)
      if (record === 0 || (words[record + MARKS]! & LOCAL) === 0) {
        cache.counts.unknown++
        continue
      }
      words[record + COPIES] = cache.add(words[record + COPIES]!, tier, place)
      this.#tree.settle(cache, record)
      cache.counts.stored++
    }
  }

  /** Takes one copy of each of the event's blocks away. */
  remove(cache: ReportedCache, event: RemovedBlocks, tier: number, place: number): void {
    const tree = this.#tree
    const { words } = tree.pool
    for (let block = 0; block < event.blockHashes.length; block++) {
      const record = this.find(cache, event, block)
      const copies = words[record + COPIES]!
      const left = record === 0 ? copies : cache.remove(copies, tier, place)
      if (left === copies) {
        cache.counts.unknown++
        continue
      }
      cache.counts.removed++
      words[record + COPIES] = left
      tree.settle(cache, record)
      tree.tidy(cache, record)
    }
  }

  /** The record of a block of an event, 0 when it is not known. */
  find(cache: ReportedCache, event: RemovedBlocks, block: number): number {
    this.#hash.read(event.blockHashes[block]!)
    return this.#tree.hashes.find(this.#tree.pool.words, cache.slot, this.#hash)
  }

  /** The record before the event's first block, 0 when it is not known or there is none. */
  findParent(cache: ReportedCache, event: StoredBlocks): number {
    if (event.parentHash === undefined) return 0
    this.#hash.read(event.parentHash)
    return this.#tree.hashes.find(this.#tree.pool.words, cache.slot, this.#hash)
  }

  #parentOf(cache: ReportedCache, event: StoredBlocks): number {
    const parent = this.findParent(cache, event)
    return parent === 0 ? this.#tree.create(cache, this.#hash, 0) : parent
  }

  #seedOf(event: StoredBlocks): BlockKey {
    const { blockSize, cacheSalt } = event
    const adapter = adapterOf(event)
    const plain = adapter === undefined && cacheSalt === undefined
    const known = plain ? this.#plainSeeds.get(blockSize) : undefined
    if (known !== undefined) return known
    const seed = namespaceSeed({ adapter, cacheSalt }, blockSize)
    if (plain) this.#plainSeeds.set(blockSize, seed)
    return seed
  }

  /**
   * The record of the block whose hashes were read last, made, completed or compared with what is known of it. When that
   * contradicts, the block is dropped with everything behind it, and 0 is returned.
   */
  #enter(cache: ReportedCache, parent: number, seed: BlockKey): number {
    const tree = this.#tree
    const { words } = tree.pool
    const known = tree.hashes.find(words, cache.slot, this.#hash)
    const local = known !== 0 && (words[known + MARKS]! & LOCAL) !== 0
    const consistent = known === 0 || (local ? this.#isSame(known, parent, seed) : !this.#isBefore(known, parent))
    if (!consistent) {
      cache.counts.contradictory++
      if (known !== parent) tree.tidy(cache, parent)
      tree.forget(cache, known)
      return 0
    }
    if (local) return known
    const record = known === 0 ? tree.create(cache, this.#hash, parent) : known
    words[record + KEY_LOW] = this.#hasher.low
    words[record + KEY_HIGH] = this.#hasher.high
    words[record + MARKS]! |= LOCAL
    if (parent === 0) {
      tree.key(record, seed.low, seed.high)
    } else {
      tree.hang(record, parent)
      if ((words[parent + MARKS]! & KEYED) !== 0) tree.key(record, words[parent + KEY_LOW]!, words[parent + KEY_HIGH]!)
    }
    return record
  }

  /** True when a known block is what the event says it is, as far as that can be told. */
  #isSame(known: number, parent: number, seed: BlockKey): boolean {
    const { words } = this.#tree.pool
    const hasher = this.#hasher
    if ((words[known + MARKS]! & KEYED) !== 0) {
      if (parent === 0) hasher.chain(seed.low, seed.high, hasher.low, hasher.high)
      else if ((words[parent + MARKS]! & KEYED) === 0) return true
      else hasher.chain(words[parent + KEY_LOW]!, words[parent + KEY_HIGH]!, hasher.low, hasher.high)
    }
    return words[known + KEY_LOW] === hasher.low && words[known + KEY_HIGH] === hasher.high
  }

  /** True when a block of which no tokens are known is before `parent`, so that it cannot come behind it. */
  #isBefore(known: number, parent: number): boolean {
    if (parent === 0 || (this.#tree.pool.words[parent + MARKS]! & KEYED) !== 0) return false
    return this.#tree.isUnder(parent, known)
  }
}

/** Blocks of an adapter of which only the number is told are nobody's, so that they do not pass for the base model's. */
function adapterOf({ loraName, loraId }: StoredBlocks): string | undefined {
  if (loraName !== undefined) return loraName
  return loraId === undefined || loraId === 0 ? undefined : `\0${loraId}`
}
