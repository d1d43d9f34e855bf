import { HASH_HIGH, HASH_LOW, HASH_TOP } from './block-records.ts'
import { OWNER, SLOT_MASK } from './holding-pool.ts'
import type { HashWords } from './engine-hash.ts'
import { TagTable } from './tag-table.ts'

/**
 * Every step can be undone, so the same 64 bits have different tags for different slots: where tag and hash agree, the
 * slot does.
 */
function tagOf(slot: number, low: number, high: number): number {
  const mixed = Math.imul(low ^ Math.imul(high ^ Math.imul(slot, 0xc2b2ae3d), 0x85ebca6b), 0x9e3779b1)
  return mixed ^ (mixed >>> 15)
}

/** The tag of a record, from the slot and the hash in its words. */
function tagIn(words: Int32Array, record: number): number {
  return tagOf(words[record + OWNER]! & SLOT_MASK, words[record + HASH_LOW]!, words[record + HASH_HIGH]!)
}

/**
 * Hash table from an endpoint's slot and an engine's hash to the record of that block. Engines' hashes may be poorly mixed
 * or chosen by somebody, so a place's tag is mixed anew.
 */
export class EngineHashTable {
  readonly #table: TagTable

  /** Has room for `records` records, at least 1. */
  constructor(records: number) {
    this.#table = new TagTable(records)
  }

  get bytes(): number {
    return this.#table.bytes
  }

  /** The record of the endpoint's block, 0 when there is none. */
  find(words: Int32Array, slot: number, hash: HashWords): number {
    const table = this.#table
    const { places } = table
    const { low, high, top } = hash
    const tag = tagOf(slot, low, high)
    let at = table.home(tag)
    for (let record = places[at + 1]!; record !== 0; record = places[at + 1]!) {
      if (
        places[at] === tag &&
        words[record + HASH_LOW] === low &&
        words[record + HASH_HIGH] === high &&
        words[record + HASH_TOP] === top
      )
        return record
      at = table.after(at)
    }
    return 0
  }

  /** Adds a record that is not there, under the slot and hash in its words. */
  add(words: Int32Array, record: number): void {
    this.#table.add(tagIn(words, record), record)
  }

  /** Removes a record that is there. */
  remove(words: Int32Array, record: number): void {
    this.#table.remove(tagIn(words, record), record)
  }

  /** Makes room for `records` records, not fewer than are there. */
  resize(records: number): void {
    this.#table.resize(records)
  }
}
