import { ESCAPED, UNCANONICAL } from './json-string.ts'

export const STRING = 1
export const NUMBER = 2
export const TRUE = 3
export const FALSE = 4
export const NULL = 5
export const OBJECT = 6
export const ARRAY = 7
const KIND_BITS = 7

/** Shifts the flags of `scanString` into a head. */
const STRING_FLAG_SHIFT = 3
/** The number, or every number of the run, is written with digits only. */
export const NATURAL = 1 << 5
/** The container's bytes are its canonical form: no white space, no string with another spelling. */
export const COMPACT = 1 << 6

/**
 * The rest of an object's head holds one bit for each of its members, by length and first byte of the name, so
 * that most members that are not there need no search.
 */
const NAME_BIT_SHIFT = 7
const NAME_BITS = 25
const ALL_NAME_BITS = -1 << NAME_BIT_SHIFT

/** No such value. */
export const ABSENT = -1

const WORDS = 4
const FIRST_CAPACITY = 1 << 12
/** A tape larger than this many words (4 MiB) is given back after use. */
const KEPT_CAPACITY = 1 << 20

/** Bytes of a string that may be worth remembering: a model's name, a type, a user. */
const SHORT = 64

const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
const NO_BYTES = new Uint8Array(0)
const NO_VIEW = new DataView(NO_BYTES.buffer)

/**
 * The values of a JSON text in the order they were met, as byte ranges of the text. A value is known by its node, an
 * index into `words`: kind and flags, start, end (of a string without its quotes), and a fourth word: the node after a
 * container's last value, or how many numbers a run holds. An object's values are keys and values in turn. Consecutive
 * numbers of an array share one node, so that a hundred thousand token ids cost no more than one.
 */
export class JsonTape {
  bytes: Uint8Array = NO_BYTES
  view: DataView = NO_VIEW
  private words = new Int32Array(FIRST_CAPACITY)
  private used = 0
  /** Short strings that were decoded before, because requests repeat them. */
  private readonly recent: string[] = Array.from({ length: 256 }, () => '')

  /** Starts over with another text. */
  begin(body: Uint8Array): void {
    // The hot loops read through the view, which has one shape where `body` may be an array or a Node Buffer.
    this.bytes = body
    this.view = new DataView(body.buffer, body.byteOffset, body.byteLength)
    this.used = 0
  }

  /** Lets go of the text. */
  release(): void {
    this.bytes = NO_BYTES
    this.view = NO_VIEW
    if (this.words.length > KEPT_CAPACITY) this.words = new Int32Array(FIRST_CAPACITY)
  }

  add(head: number, start: number, end: number, extra: number): number {
    const node = this.used
    if (node + WORDS > this.words.length) this.grow()
    const words = this.words
    words[node] = head
    words[node + 1] = start
    words[node + 2] = end
    words[node + 3] = extra
    this.used = node + WORDS
    return node
  }

  addString(flags: number, start: number, end: number): void {
    this.add(STRING | (flags << STRING_FLAG_SHIFT), start, end, 1)
  }

  /** Ends a container that was added when it opened. */
  close(node: number, end: number, flags: number): void {
    this.words[node] = this.words[node]! | flags
    this.words[node + 2] = end
    this.words[node + 3] = this.used
  }

  kind(node: number): number {
    return this.words[node]! & KIND_BITS
  }

  isString(node: number): boolean {
    return this.kind(node) === STRING
  }

  start(node: number): number {
    return this.words[node + 1]!
  }

  stop(node: number): number {
    return this.words[node + 2]!
  }

  /** How many array elements the node stands for: above 1 for a run of numbers. */
  count(node: number): number {
    return this.kind(node) === NUMBER ? this.words[node + 3]! : 1
  }

  /** The first value inside a container; equal to `next` where it is empty. */
  first(node: number): number {
    return node + WORDS
  }

  /** The value after this one and all it contains. */
  next(node: number): number {
    return this.kind(node) >= OBJECT ? this.words[node + 3]! : node + WORDS
  }

  isNatural(node: number): boolean {
    return (this.words[node]! & NATURAL) !== 0
  }

  /** True where the bytes of the value (of a string: between its quotes) are its canonical form. */
  isCanonical(node: number): boolean {
    const head = this.words[node]!
    const kind = head & KIND_BITS
    if (kind >= OBJECT) return (head & COMPACT) !== 0
    return kind !== STRING || (head & (UNCANONICAL << STRING_FLAG_SHIFT)) === 0
  }

  /** The value of an object's member, the last one of that name as JSON.parse has it; ABSENT where missing or null. */
  get(object: number, name: string): number {
    // Small enough to be inlined, where the bit of a constant name is a constant too.
    const bit = nameBit(name.charCodeAt(0), name.length)
    return (this.words[object]! & bit) === 0 ? ABSENT : this.search(object, name)
  }

  /** The same, also where the value is null: for whoever changes the text. */
  member(object: number, name: string): number {
    const bit = nameBit(name.charCodeAt(0), name.length)
    return (this.words[object]! & bit) === 0 ? ABSENT : this.find(object, name)
  }

  /** Offset of the opening quote of the name that a member's value belongs to. */
  nameStart(value: number): number {
    return this.words[value - WORDS + 1]! - 1
  }

  /** The bit that the string last added leaves in the head of the object whose member it names. */
  lastNameBit(): number {
    const key = this.used - WORDS
    const start = this.words[key + 1]!
    if (this.isEscaped(key)) return ALL_NAME_BITS
    return nameBit(this.view.getUint8(start), this.words[key + 2]! - start)
  }

  /** Whether a string reads `text`, which is ASCII. */
  equals(node: number, text: string): boolean {
    const start = this.words[node + 1]!
    if (this.isEscaped(node)) return this.string(node) === text
    return this.reads(start, this.words[node + 2]! - start, text)
  }

  /** The text of a string. */
  string(node: number): string {
    const raw = this.raw(node)
    if (!this.isEscaped(node)) return raw
    const parsed: unknown = JSON.parse(`"${raw}"`)
    return String(parsed)
  }

  /** The value of a number. */
  number(node: number): number {
    return Number(this.raw(node))
  }

  /** The bytes of the value as text. */
  raw(node: number): string {
    const start = this.words[node + 1]!
    const length = this.words[node + 2]! - start
    if (length > SHORT || length === 0) return decoder.decode(this.bytes.subarray(start, start + length))
    const slot =
      (this.view.getUint8(start) + 7 * this.view.getUint8(start + length - 1) + 31 * length) & (this.recent.length - 1)
    const recent = this.recent[slot]!
    if (this.reads(start, length, recent)) return recent
    const text = decoder.decode(this.bytes.subarray(start, start + length))
    // Text of another length holds characters beyond ASCII, which `reads` does not compare.
    if (text.length === length) this.recent[slot] = text
    return text
  }

  private reads(start: number, length: number, text: string): boolean {
    if (length !== text.length) return false
    for (let i = 0; i < length; i++) if (this.view.getUint8(start + i) !== text.charCodeAt(i)) return false
    return true
  }

  private search(object: number, name: string): number {
    const found = this.find(object, name)
    return found === ABSENT || this.kind(found) === NULL ? ABSENT : found
  }

  private find(object: number, name: string): number {
    const words = this.words
    const first = name.charCodeAt(0)
    let found = ABSENT
    const end = words[object + 3]!
    for (let key = object + WORDS; key < end; key = this.next(key + WORDS)) {
      // Nearly every name is told apart by its length or first byte; a name with escapes shows only when decoded.
      const start = words[key + 1]!
      const candidate = words[key + 2]! - start === name.length && this.view.getUint8(start) === first
      if ((candidate || this.isEscaped(key)) && this.equals(key, name)) found = key + WORDS
    }
    return found
  }

  private isEscaped(node: number): boolean {
    return (this.words[node]! & (ESCAPED << STRING_FLAG_SHIFT)) !== 0
  }

  private grow(): void {
    const grown = new Int32Array(2 * this.words.length)
    grown.set(this.words)
    this.words = grown
  }
}

function nameBit(firstByte: number, length: number): number {
  return 1 << (NAME_BIT_SHIFT + ((firstByte + 3 * length) % NAME_BITS))
}
