import { HASH_HIGH, HASH_LOW, HASH_TOP } from './block-records.ts'
import { OWNER, SLOT_MASK } from './holding-pool.ts'
import type { HashWords } from './engine-hash.ts'

/** At most half full, as in `KeyTable`. */
const PLACES_PER_RECORD = 2
const PLACE_WORDS = 2

/** Bytes of a table for `records` records. */
export function engineHashTableBytes(records: number): number {
  return records * PLACES_PER_RECORD * PLACE_WORDS * 4
}

/**
 * Every step can be undone, so the same 64 bits have different tags for different slots: where tag and hash agree, the
 * slot does.
 */
function tagOf(slot: number, low: number, high: number): number {
  const mixed = Math.imul(low ^ Math.imul(high ^ Math.imul(slot, 0xc2b2ae3d), 0x85ebca6b), 0x9e3779b1)
  return mixed ^ (mixed >>> 15)
}

/**
 * Open-addressing hash table from an endpoint's slot and an engine's hash to the record of that block. It works like
 * `KeyTable`: a place is a 32-bit tag and a record, 0 where it is empty; a tag's home is `tag * places / 2^32`; removing
 * shifts what is behind back. Engines' hashes may be poorly mixed or chosen by somebody, so the tag is mixed anew.
 */
export class EngineHashTable {
  #places: Int32Array<ArrayBuffer>
  #scale: number

  /** Has room for `records` records, at least 1. */
  constructor(records: number) {
    this.#places = new Int32Array(records * PLACES_PER_RECORD * PLACE_WORDS)
    this.#scale = (records * PLACES_PER_RECORD) / 0x1_0000_0000
  }

  get bytes(): number {
    return this.#places.byteLength
  }

  /** The record of the endpoint's block, 0 when there is none. */
  find(words: Int32Array, slot: number, hash: HashWords): number {
    const places = this.#places
    const { low, high, top } = hash
    const tag = tagOf(slot, low, high)
    let at = this.#home(tag)
    for (let record = places[at + 1]!; record !== 0; record = places[at + 1]!) {
      if (
        places[at] === tag &&
        words[record + HASH_LOW] === low &&
        words[record + HASH_HIGH] === high &&
        words[record + HASH_TOP] === top
      )
        return record
      at = this.#after(at)
    }
    return 0
  }

  /** Adds a record that is not there, under the slot and hash in its words. */
  add(words: Int32Array, record: number): void {
    this.#insert(
      tagOf(words[record + OWNER]! & SLOT_MASK, words[record + HASH_LOW]!, words[record + HASH_HIGH]!),
      record,
    )
  }

  /** Removes a record that is there. */
  remove(words: Int32Array, record: number): void {
    const places = this.#places
    const tag = tagOf(words[record + OWNER]! & SLOT_MASK, words[record + HASH_LOW]!, words[record + HASH_HIGH]!)
    let hole = this.#home(tag)
    while (places[hole + 1] !== record) hole = this.#after(hole)
    for (let at = this.#after(hole); places[at + 1] !== 0; at = this.#after(at)) {
      const home = this.#home(places[at]!)
      const reachesHole = at > hole ? home <= hole || home > at : home <= hole && home > at
      if (!reachesHole) continue
      places[hole] = places[at]!
      places[hole + 1] = places[at + 1]!
      hole = at
    }
    places[hole + 1] = 0
  }

  /** Makes room for `records` records, not fewer than are there. */
  resize(records: number): void {
    const old = this.#places
    this.#places = new Int32Array(records * PLACES_PER_RECORD * PLACE_WORDS)
    this.#scale = (records * PLACES_PER_RECORD) / 0x1_0000_0000
    for (let from = 0; from < old.length; from += PLACE_WORDS) {
      if (old[from + 1] !== 0) this.#insert(old[from]!, old[from + 1]!)
    }
    // Detaching gives the old memory back now and not at the next garbage collection.
    old.buffer.transfer(0)
  }

  #insert(tag: number, record: number): void {
    const places = this.#places
    let at = this.#home(tag)
    while (places[at + 1] !== 0) at = this.#after(at)
    places[at] = tag
    places[at + 1] = record
  }

  #home(tag: number): number {
    return (((tag >>> 0) * this.#scale) | 0) * PLACE_WORDS
  }

  #after(at: number): number {
    return at + PLACE_WORDS === this.#places.length ? 0 : at + PLACE_WORDS
  }
}
