import { hexValue, nextSpecial } from './json-string.ts'

/** What takes a stream of bytes, by ranges or one at a time. */
export interface ByteSink {
  update(bytes: Uint8Array, view: DataView, start: number, end: number): void
  mark(byte: number): void
}

/** A part of a JSON text that was checked before; `view` covers the same memory as `bytes`. */
interface JsonBytes {
  readonly bytes: Uint8Array
  readonly view: DataView
}

const QUOTE = 0x22
const SLASH = 0x2f
const BACKSLASH = 0x5c
const LETTER_U = 0x75
const HEX_DIGITS = '0123456789abcdef'

/**
 * Feeds the inside of a valid JSON string, `[start, end)`, the way JSON.stringify would write it: `\u` and `\/` escapes
 * become the character or its shortest escape, everything else is passed on in whole ranges.
 */
export function feedCanonicalString(json: JsonBytes, start: number, end: number, sink: ByteSink): void {
  const { bytes, view } = json
  let run = start
  for (let i = nextSpecial(view, start, end); i < end; i = nextSpecial(view, i, end)) {
    const escape = view.getUint8(i + 1)
    if (escape !== LETTER_U && escape !== SLASH) {
      i += 2
      continue
    }
    sink.update(bytes, view, run, i)
    if (escape === SLASH) {
      sink.mark(SLASH)
      i += 2
    } else i = feedUnicodeEscape(view, i, end, sink)
    run = i
  }
  sink.update(bytes, view, run, end)
}

/** Feeds a valid JSON value, `[start, end)`, without white space and with its strings in canonical form. */
export function feedCanonicalJson(json: JsonBytes, start: number, end: number, sink: ByteSink): void {
  const { bytes, view } = json
  let run = start
  let i = start
  while (i < end) {
    const byte = bytes[i]!
    if (byte === QUOTE) {
      const close = closingQuote(view, i + 1, end)
      sink.update(bytes, view, run, i + 1)
      feedCanonicalString(json, i + 1, close, sink)
      run = close
      i = close + 1
    } else if (byte <= 0x20) {
      sink.update(bytes, view, run, i)
      while (i < end && bytes[i]! <= 0x20) i++
      run = i
    } else i++
  }
  sink.update(bytes, view, run, end)
}

function closingQuote(view: DataView, from: number, end: number): number {
  let i = nextSpecial(view, from, end)
  while (i < end && view.getUint8(i) === BACKSLASH) i = nextSpecial(view, i + 2, end)
  return i
}

/** Feeds the `\uXXXX` at `i`, with the low surrogate after it if there is one; returns the offset behind. */
function feedUnicodeEscape(view: DataView, i: number, end: number, sink: ByteSink): number {
  const unit = hexUnit(view, i + 2)
  if (unit < 0xd800 || unit > 0xdfff) {
    feedUnit(unit, sink)
    return i + 6
  }
  const paired =
    unit < 0xdc00 && i + 12 <= end && view.getUint8(i + 6) === BACKSLASH && view.getUint8(i + 7) === LETTER_U
  const low = paired ? hexUnit(view, i + 8) : 0
  if (low < 0xdc00 || low > 0xdfff) {
    feedHexEscape(unit, sink)
    return i + 6
  }
  const code = 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00)
  sink.mark(0xf0 | (code >> 18))
  sink.mark(0x80 | ((code >> 12) & 0x3f))
  sink.mark(0x80 | ((code >> 6) & 0x3f))
  sink.mark(0x80 | (code & 0x3f))
  return i + 12
}

/** Feeds a UTF-16 code unit that is no surrogate. */
function feedUnit(unit: number, sink: ByteSink): void {
  if (unit < 0x20) feedControl(unit, sink)
  else if (unit < 0x80) {
    if (unit === QUOTE || unit === BACKSLASH) sink.mark(BACKSLASH)
    sink.mark(unit)
  } else {
    if (unit < 0x800) sink.mark(0xc0 | (unit >> 6))
    else {
      sink.mark(0xe0 | (unit >> 12))
      sink.mark(0x80 | ((unit >> 6) & 0x3f))
    }
    sink.mark(0x80 | (unit & 0x3f))
  }
}

/** Letters of the short escapes of the characters 8 to 13; 11 has none. */
const SHORT_ESCAPES = 'btn\0fr'

function feedControl(unit: number, sink: ByteSink): void {
  const letter = unit >= 8 && unit <= 13 ? SHORT_ESCAPES.charCodeAt(unit - 8) : 0
  if (letter === 0) {
    feedHexEscape(unit, sink)
    return
  }
  sink.mark(BACKSLASH)
  sink.mark(letter)
}

function feedHexEscape(unit: number, sink: ByteSink): void {
  sink.mark(BACKSLASH)
  sink.mark(LETTER_U)
  for (let shift = 12; shift >= 0; shift -= 4) sink.mark(HEX_DIGITS.charCodeAt((unit >> shift) & 15))
}

function hexUnit(view: DataView, at: number): number {
  return (
    (hexValue(view.getUint8(at)) << 12) |
    (hexValue(view.getUint8(at + 1)) << 8) |
    (hexValue(view.getUint8(at + 2)) << 4) |
    hexValue(view.getUint8(at + 3))
  )
}
