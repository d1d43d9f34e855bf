/** At most half full: compared with two thirds, searches are so short that inserting and removing is a quarter faster. */
const PLACES_PER_ENTRY = 2
const PLACE_WORDS = 2
/** Unused words behind the last place, a cache line's half, so that `touch` may read past any place. */
const MARGIN_WORDS = 8

function wordsFor(entries: number): number {
  return entries * PLACES_PER_ENTRY * PLACE_WORDS + MARGIN_WORDS
}

/** Bytes of a table for `entries` entries. */
export function tagTableBytes(entries: number): number {
  return wordsFor(entries) * 4
}

/**
 * The places of an open-addressing hash table with linear probing. What is looked up, and what its 32-bit tag is mixed
 * from, is its owner's matter: to search, it goes from `home` by `after` to the first place that is empty.
 *
 * A place is two words: the tag, and the record, 0 where the place is empty. So what is not there is recognised without
 * reading a record. A tag's home is `tag * places / 2^32`: this allows any table size, and it keeps the order of the tags,
 * so that resizing reads and writes memory in order. Removing shifts the places behind it back, so that the table never
 * fills with tombstones.
 */
export class TagTable {
  /** Tag and record by turns. */
  places: Int32Array<ArrayBuffer>
  /** Offset behind the last place. */
  #end: number
  #scale: number

  /** Has room for `entries` entries, at least 1. */
  constructor(entries: number) {
    this.places = new Int32Array(wordsFor(entries))
    this.#end = this.places.length - MARGIN_WORDS
    this.#scale = this.#end / PLACE_WORDS / 0x1_0000_0000
  }

  get bytes(): number {
    return this.places.byteLength
  }

  home(tag: number): number {
    return (((tag >>> 0) * this.#scale) | 0) * PLACE_WORDS
  }

  after(at: number): number {
    return at + PLACE_WORDS === this.#end ? 0 : at + PLACE_WORDS
  }

  /**
   * Reads where a search for the tag begins and, as searches often end in the next cache line, a little behind, so that
   * both are near when the tag is looked up. What it returns is noise.
   */
  touch(tag: number): number {
    const at = this.home(tag)
    return this.places[at]! ^ this.places[at + MARGIN_WORDS]!
  }

  /** Adds a record that is not there. */
  add(tag: number, record: number): void {
    const { places } = this
    let at = this.home(tag)
    while (places[at + 1] !== 0) at = this.after(at)
    places[at] = tag
    places[at + 1] = record
  }

  /** Puts `to` in the place of `from`, which is there. */
  replace(tag: number, from: number, to: number): void {
    this.places[this.#placeOf(tag, from) + 1] = to
  }

  /** Removes a record that is there. */
  remove(tag: number, record: number): void {
    const { places } = this
    let hole = this.#placeOf(tag, record)
    for (let at = this.after(hole); places[at + 1] !== 0; at = this.after(at)) {
      const home = this.home(places[at]!)
      const reachesHole = at > hole ? home <= hole || home > at : home <= hole && home > at
      if (!reachesHole) continue
      places[hole] = places[at]!
      places[hole + 1] = places[at + 1]!
      hole = at
    }
    places[hole + 1] = 0
  }

  /** Makes room for `entries` entries, not fewer than are there. */
  resize(entries: number): void {
    const old = this.places
    const oldEnd = this.#end
    this.places = new Int32Array(wordsFor(entries))
    this.#end = this.places.length - MARGIN_WORDS
    this.#scale = this.#end / PLACE_WORDS / 0x1_0000_0000
    for (let from = 0; from < oldEnd; from += PLACE_WORDS) {
      if (old[from + 1] !== 0) this.add(old[from]!, old[from + 1]!)
    }
    // Detaching gives the old memory back now and not at the next garbage collection.
    old.buffer.transfer(0)
  }

  #placeOf(tag: number, record: number): number {
    const { places } = this
    let at = this.home(tag)
    while (places[at + 1] !== record) at = this.after(at)
    return at
  }
}
