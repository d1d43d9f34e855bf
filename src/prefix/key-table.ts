import { KEY_HIGH, KEY_LOW } from './holding-pool.ts'
import { TagTable } from './tag-table.ts'

function tagOf(low: number, high: number): number {
  return Math.imul(low ^ Math.imul(high, 0x85ebca6b), 0x9e3779b1)
}

/**
 * Hash table from a block's key to the head of the ring of the block's holdings. A place's tag is mixed from the key.
 *
 * Key words are signed 32-bit integers here, and `words` are the records of all holdings.
 */
export class KeyTable {
  readonly #table: TagTable

  /** Has room for `keys` distinct keys, at least 1. */
  constructor(keys: number) {
    this.#table = new TagTable(keys)
  }

  get bytes(): number {
    return this.#table.bytes
  }

  /** The head of the key's ring, 0 when nobody holds the block. */
  find(words: Int32Array, low: number, high: number): number {
    const table = this.#table
    const { places } = table
    const tag = tagOf(low, high)
    let at = table.home(tag)
    for (let head = places[at + 1]!; head !== 0; head = places[at + 1]!) {
      if (places[at] === tag && words[head + KEY_LOW] === low && words[head + KEY_HIGH] === high) return head
      at = table.after(at)
    }
    return 0
  }

  /** Like `find`, but a key that is not there is added with `holding` as its head. Returns 0 then. */
  findOrAdd(words: Int32Array, low: number, high: number, holding: number): number {
    const table = this.#table
    const { places } = table
    const tag = tagOf(low, high)
    let at = table.home(tag)
    for (let head = places[at + 1]!; head !== 0; head = places[at + 1]!) {
      if (places[at] === tag && words[head + KEY_LOW] === low && words[head + KEY_HIGH] === high) return head
      at = table.after(at)
    }
    places[at] = tag
    places[at + 1] = holding
    return 0
  }

  /** Reads what a search for the key will read first, so that it is near by then. What it returns is noise. */
  touch(low: number, high: number): number {
    return this.#table.touch(tagOf(low, high))
  }

  /** Makes `to` the head of the key whose head is `from`. */
  replace(low: number, high: number, from: number, to: number): void {
    this.#table.replace(tagOf(low, high), from, to)
  }

  /** Removes the key whose head is `head`. */
  remove(low: number, high: number, head: number): void {
    this.#table.remove(tagOf(low, high), head)
  }

  /** Makes room for `keys` distinct keys, not fewer than are there. */
  resize(keys: number): void {
    this.#table.resize(keys)
  }
}
