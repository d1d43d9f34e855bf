import { KEY_HIGH, KEY_LOW } from './holding-pool.ts'

/** At most half full: compared with two thirds, searches are so short that inserting and removing is a quarter faster. */
const SLOTS_PER_KEY = 2
const SLOT_WORDS = 2
/** Unused words behind the last slot, a cache line's half, so that `touch` may read past any slot. */
const MARGIN_WORDS = 8

function wordsFor(keys: number): number {
  return keys * SLOTS_PER_KEY * SLOT_WORDS + MARGIN_WORDS
}

/** Bytes of a table for `keys` distinct keys. */
export function keyTableBytes(keys: number): number {
  return wordsFor(keys) * 4
}

function tagOf(low: number, high: number): number {
  return Math.imul(low ^ Math.imul(high, 0x85ebca6b), 0x9e3779b1)
}

/**
 * Open-addressing hash table with linear probing, from a block's key to the head of the ring of the block's holdings.
 *
 * A slot is two words: a 32-bit tag mixed from the key, and the holding, 0 where the slot is empty. So a key that is not
 * there is recognised without reading a holding. A tag's home is `tag * slots / 2^32`: this allows any table size, and it
 * keeps the order of the tags, so that resizing reads and writes memory in order. Removing shifts the slots behind it
 * back, so that the table never fills with tombstones.
 *
 * Key words are signed 32-bit integers here, and `words` are the records of all holdings.
 */
export class KeyTable {
  #slots: Int32Array<ArrayBuffer>
  /** Offset behind the last slot. */
  #end: number
  #scale: number

  /** Has room for `keys` distinct keys, at least 1. */
  constructor(keys: number) {
    this.#slots = new Int32Array(wordsFor(keys))
    this.#end = this.#slots.length - MARGIN_WORDS
    this.#scale = this.#end / SLOT_WORDS / 0x1_0000_0000
  }

  get bytes(): number {
    return this.#slots.byteLength
  }

  /** The head of the key's ring, 0 when nobody holds the block. */
  find(words: Int32Array, low: number, high: number): number {
    const slots = this.#slots
    const tag = tagOf(low, high)
    let at = this.#home(tag)
    for (let head = slots[at + 1]!; head !== 0; head = slots[at + 1]!) {
      if (slots[at] === tag && words[head + KEY_LOW] === low && words[head + KEY_HIGH] === high) return head
      at = this.#after(at)
    }
    return 0
  }

  /** Like `find`, but a key that is not there is added with `holding` as its head. Returns 0 then. */
  findOrAdd(words: Int32Array, low: number, high: number, holding: number): number {
    const slots = this.#slots
    const tag = tagOf(low, high)
    let at = this.#home(tag)
    for (let head = slots[at + 1]!; head !== 0; head = slots[at + 1]!) {
      if (slots[at] === tag && words[head + KEY_LOW] === low && words[head + KEY_HIGH] === high) return head
      at = this.#after(at)
    }
    slots[at] = tag
    slots[at + 1] = holding
    return 0
  }

  /**
   * Reads where a search for the key begins and, as searches often end in the next cache line, a little behind, so that
   * both are near when the key is used. What it returns is noise.
   */
  touch(low: number, high: number): number {
    const at = this.#home(tagOf(low, high))
    return this.#slots[at]! ^ this.#slots[at + MARGIN_WORDS]!
  }

  /** Makes `to` the head of the key whose head is `from`. */
  replace(low: number, high: number, from: number, to: number): void {
    this.#slots[this.#slotOf(low, high, from) + 1] = to
  }

  /** Removes the key whose head is `head`. */
  remove(low: number, high: number, head: number): void {
    const slots = this.#slots
    let hole = this.#slotOf(low, high, head)
    for (let at = this.#after(hole); slots[at + 1] !== 0; at = this.#after(at)) {
      const home = this.#home(slots[at]!)
      const reachesHole = at > hole ? home <= hole || home > at : home <= hole && home > at
      if (!reachesHole) continue
      slots[hole] = slots[at]!
      slots[hole + 1] = slots[at + 1]!
      hole = at
    }
    slots[hole + 1] = 0
  }

  /** Makes room for `keys` distinct keys, not fewer than are there. */
  resize(keys: number): void {
    const old = this.#slots
    const oldEnd = this.#end
    const slots = new Int32Array(wordsFor(keys))
    this.#slots = slots
    this.#end = slots.length - MARGIN_WORDS
    this.#scale = this.#end / SLOT_WORDS / 0x1_0000_0000
    for (let from = 0; from < oldEnd; from += SLOT_WORDS) {
      if (old[from + 1] === 0) continue
      let at = this.#home(old[from]!)
      while (slots[at + 1] !== 0) at = this.#after(at)
      slots[at] = old[from]!
      slots[at + 1] = old[from + 1]!
    }
    // Detaching gives the old memory back now and not at the next garbage collection.
    old.buffer.transfer(0)
  }

  #slotOf(low: number, high: number, head: number): number {
    const slots = this.#slots
    let at = this.#home(tagOf(low, high))
    while (slots[at + 1] !== head) at = this.#after(at)
    return at
  }

  #home(tag: number): number {
    return (((tag >>> 0) * this.#scale) | 0) * SLOT_WORDS
  }

  #after(at: number): number {
    return at + SLOT_WORDS === this.#end ? 0 : at + SLOT_WORDS
  }
}
