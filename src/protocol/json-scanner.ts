import { ESCAPED, scanString, UNCANONICAL } from './json-string.ts'
import { ARRAY, COMPACT, FALSE, type JsonTape, NATURAL, NULL, NUMBER, OBJECT, TRUE } from './json-tape.ts'

/** Containers inside one another that a text may have. */
export const MAX_DEPTH = 512
/** Bytes a text may have; beyond, offsets with flags would leave the small integers. */
const MAX_BYTES = 1 << 29

const QUOTE = 0x22
const COMMA = 0x2c
const MINUS = 0x2d
const POINT = 0x2e
const ZERO = 0x30
const NINE = 0x39
const COLON = 0x3a
const OPEN_BRACKET = 0x5b
const CLOSE_BRACKET = 0x5d
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d
const LETTER_E = 0x65

const FAILED = -1
const NO_VIEW: DataView = new DataView(new ArrayBuffer(0))

/** Where a text stopped being JSON, and what should have stood there. */
export interface JsonFault {
  readonly offset: number
  readonly expected: string
}

/**
 * Checks a whole JSON text (RFC 8259; a leading byte order mark is let through) and writes its values to a tape. It
 * accepts what JSON.parse accepts, down to 512 levels. Nothing is decoded or copied.
 */
export class JsonScanner {
  private readonly tape: JsonTape
  private view: DataView = NO_VIEW
  private end = 0
  private depth = 0
  /** Places so far that are not in canonical form; equal at both ends of a container that is. */
  private blemishes = 0
  private fault: JsonFault | undefined
  private passed = 0

  constructor(tape: JsonTape) {
    this.tape = tape
  }

  /** Scans `body` onto the tape. The root is node 0. */
  scan(body: Uint8Array): JsonFault | undefined {
    this.tape.begin(body)
    this.view = this.tape.view
    this.end = body.byteLength
    this.depth = 0
    this.blemishes = 0
    this.fault = undefined
    if (this.end >= MAX_BYTES) return { offset: MAX_BYTES, expected: `a body below ${MAX_BYTES} bytes` }
    const after = this.value(this.space(this.startsWithMark() ? 3 : 0))
    if (after !== FAILED) {
      const rest = this.space(after)
      if (rest < this.end) this.fail(rest, 'nothing after the JSON value')
    }
    this.view = NO_VIEW
    return this.fault
  }

  private startsWithMark(): boolean {
    return this.byte(0) === 0xef && this.byte(1) === 0xbb && this.byte(2) === 0xbf
  }

  /** Each of these scans the value at `i` and returns the offset after it, or FAILED. */
  private value(i: number): number {
    const byte = this.byte(i)
    switch (byte) {
      case QUOTE:
        return this.string(i)
      case OPEN_BRACE:
        return this.object(i)
      case OPEN_BRACKET:
        return this.array(i)
      case 0x74:
        return this.literal(i, 'true', TRUE)
      case 0x66:
        return this.literal(i, 'false', FALSE)
      case 0x6e:
        return this.literal(i, 'null', NULL)
      default:
        return startsNumber(byte) ? this.numbers(i, false) : this.fail(i, 'a JSON value')
    }
  }

  private object(open: number): number {
    if (++this.depth > MAX_DEPTH) return this.fail(open, `at most ${MAX_DEPTH} levels of nesting`)
    const blemishes = this.blemishes
    const node = this.tape.add(OBJECT, open, 0, 0)
    let names = 0
    let i = this.space(open + 1)
    if (this.byte(i) === CLOSE_BRACE) return this.close(node, i, blemishes, names)
    for (;;) {
      if (this.byte(i) !== QUOTE) return this.fail(i, 'a member name in double quotes')
      i = this.string(i)
      if (i === FAILED) return FAILED
      names |= this.tape.lastNameBit()
      i = this.space(i)
      if (this.byte(i) !== COLON) return this.fail(i, "':' after a member name")
      i = this.value(this.space(i + 1))
      if (i === FAILED) return FAILED
      i = this.space(i)
      const byte = this.byte(i)
      if (byte === CLOSE_BRACE) return this.close(node, i, blemishes, names)
      if (byte !== COMMA) return this.fail(i, "',' or '}' after a member")
      i = this.space(i + 1)
    }
  }

  private array(open: number): number {
    if (++this.depth > MAX_DEPTH) return this.fail(open, `at most ${MAX_DEPTH} levels of nesting`)
    const blemishes = this.blemishes
    const node = this.tape.add(ARRAY, open, 0, 0)
    let i = this.space(open + 1)
    if (this.byte(i) === CLOSE_BRACKET) return this.close(node, i, blemishes, 0)
    for (;;) {
      i = startsNumber(this.byte(i)) ? this.numbers(i, true) : this.value(i)
      if (i === FAILED) return FAILED
      i = this.space(i)
      const byte = this.byte(i)
      if (byte === CLOSE_BRACKET) return this.close(node, i, blemishes, 0)
      if (byte !== COMMA) return this.fail(i, "',' or ']' after an element")
      i = this.space(i + 1)
    }
  }

  private close(node: number, at: number, blemishes: number, names: number): number {
    this.depth--
    this.tape.close(node, at + 1, names | (blemishes === this.blemishes ? COMPACT : 0))
    return at + 1
  }

  private string(open: number): number {
    const packed = scanString(this.view, open + 1, this.end)
    if (packed < 0) return this.badString(-1 - packed)
    const flags = packed & (ESCAPED | UNCANONICAL)
    const close = packed >> 2
    if ((flags & UNCANONICAL) !== 0) this.blemishes++
    this.tape.addString(flags, open + 1, close)
    return close + 1
  }

  private badString(offset: number): number {
    const byte = this.byte(offset)
    if (byte < 0) return this.fail(offset, 'the closing quote of a string')
    if (byte < 0x20) return this.fail(offset, 'no raw control character in a string; write it as an escape')
    return this.fail(offset, 'an escape of JSON: one of "\\/bfnrt, or u and four hexadecimal digits')
  }

  /** A number, and with `run` all that follow it in its array, as one node. */
  private numbers(from: number, run: boolean): number {
    let natural = NATURAL
    let count = 0
    let next = from
    for (;;) {
      if (run) {
        next = this.naturals(next)
        count += this.passed
      }
      const end = this.number(next)
      if (end === FAILED) return FAILED
      if (end < 0) natural = 0
      const stop = Math.abs(end)
      count++
      const comma = run ? this.space(stop) : stop
      next = run && this.byte(comma) === COMMA ? this.space(comma + 1) : stop
      if (next === stop || !startsNumber(this.byte(next))) {
        this.tape.add(NUMBER | natural, from, stop, count)
        return stop
      }
    }
  }

  /**
   * Token ids as they mostly come, digits and single commas: passes over all numbers that are followed by another one,
   * leaves how many in `passed` and returns the offset of the next.
   */
  private naturals(from: number): number {
    const { view, end } = this
    let start = from
    let passed = 0
    for (;;) {
      let i = start
      while (i < end && isDigit(view.getUint8(i))) i++
      const zero = i > start + 1 && view.getUint8(start) === ZERO
      if (i === start || zero || i + 1 >= end || view.getUint8(i) !== COMMA || !isDigit(view.getUint8(i + 1))) break
      passed++
      start = i + 1
    }
    this.passed = passed
    return start
  }

  /** Offset after the number at `i`, negated where it is more than digits; such a number is longer than FAILED. */
  private number(i: number): number {
    const start = this.byte(i) === MINUS ? i + 1 : i
    let stop = this.digits(start)
    if (stop === start) return this.fail(start, 'a digit')
    if (this.view.getUint8(start) === ZERO && stop > start + 1)
      return this.fail(start + 1, 'no digit after a leading 0')
    const whole = stop
    if (this.byte(stop) === POINT) {
      stop = this.digits(whole + 1)
      if (stop === whole + 1) return this.fail(stop, 'a digit after the decimal point')
    }
    if ((this.byte(stop) | 0x20) === LETTER_E) {
      const sign = this.byte(stop + 1)
      const exponent = sign === 0x2b || sign === MINUS ? stop + 2 : stop + 1
      stop = this.digits(exponent)
      if (stop === exponent) return this.fail(stop, 'a digit of the exponent')
    }
    return stop === whole && start === i ? stop : -stop
  }

  private digits(from: number): number {
    let i = from
    while (i < this.end && isDigit(this.view.getUint8(i))) i++
    return i
  }

  private literal(i: number, word: string, kind: number): number {
    for (let at = 0; at < word.length; at++) {
      if (this.byte(i + at) !== word.charCodeAt(at)) return this.fail(i, 'a JSON value')
    }
    this.tape.add(kind, i, i + word.length, 1)
    return i + word.length
  }

  /** Offset of the first byte at or after `i` that is not white space. */
  private space(i: number): number {
    let at = i
    while (at < this.end) {
      const byte = this.view.getUint8(at)
      if (byte > 0x20 || (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09)) break
      at++
    }
    if (at !== i) this.blemishes++
    return at
  }

  /** The byte at `i`, or -1 past the end. */
  private byte(i: number): number {
    return i < this.end ? this.view.getUint8(i) : -1
  }

  private fail(offset: number, expected: string): number {
    this.fault = { offset: Math.min(offset, this.end), expected }
    return FAILED
  }
}

function startsNumber(byte: number): boolean {
  return isDigit(byte) || byte === MINUS
}

function isDigit(byte: number): boolean {
  return byte >= ZERO && byte <= NINE
}
