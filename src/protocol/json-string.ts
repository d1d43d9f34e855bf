/** The string holds a backslash: its raw bytes are not its text. */
export const ESCAPED = 1
/** The string holds `\u` or `\/`, which have other spellings: its raw bytes are not the form that JSON.stringify writes. */
export const UNCANONICAL = 2

const QUOTE = 0x22
const SLASH = 0x2f
const BACKSLASH = 0x5c
const LETTER_U = 0x75
/** The top bit of each byte of a word. */
const TOP_BITS = 0x80808080 | 0

/**
 * Scans the inside of a JSON string from `from`, just after its opening quote. Returns 4 times the offset of the closing
 * quote plus the flags, or -1 minus the offset of the first byte that does not belong (`end` where the text ends first).
 * `end` is below 2^29, so that the result stays a small integer.
 */
export function scanString(view: DataView, from: number, end: number): number {
  let flags = 0
  for (let i = nextSpecial(view, from, end); i < end; i = nextSpecial(view, i, end)) {
    const byte = view.getUint8(i)
    if (byte === QUOTE) return 4 * i + flags
    if (byte !== BACKSLASH) return -1 - i
    if (i + 1 >= end) return -1 - end
    const escape = view.getUint8(i + 1)
    flags |= ESCAPED
    if (escape === LETTER_U) {
      const digits = hexDigits(view, i + 2, end)
      if (digits < 4) return -1 - Math.min(end, i + 2 + digits)
      flags |= UNCANONICAL
      i += 6
    } else if (escape === SLASH) {
      flags |= UNCANONICAL
      i += 2
    } else if (isShortEscape(escape)) i += 2
    else return -2 - i
  }
  return -1 - end
}

/**
 * Offset of the first quote, backslash or control character in `[from, end)`, else `end`. Looks at eight bytes a step:
 * a byte x below 0x80 is a quote or a control character exactly when x ^ 2 is below 0x21, and a backslash exactly when
 * x ^ 0x5c is below 1; the lowest byte that a subtraction marks is always a true one.
 */
export function nextSpecial(view: DataView, from: number, end: number): number {
  let i = from
  const last = end - 8
  while (i <= last && ((specials(view.getInt32(i, true)) | specials(view.getInt32(i + 4, true))) & TOP_BITS) === 0)
    i += 8
  if (i <= last) {
    // Computed again, which is cheaper than to keep both words alive in the loop.
    const marks = specials(view.getInt32(i, true)) & TOP_BITS
    if (marks !== 0) return i + lowestByte(marks)
    return i + 4 + lowestByte(specials(view.getInt32(i + 4, true)) & TOP_BITS)
  }
  for (; i < end; i++) {
    const byte = view.getUint8(i)
    if (byte < 0x20 || byte === QUOTE || byte === BACKSLASH) return i
  }
  return end
}

/** The value of a hexadecimal digit, or -1. */
export function hexValue(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30
  const letter = byte | 0x20
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1
}

/** Index of the lowest byte of a word that is not zero. */
function lowestByte(word: number): number {
  return (31 - Math.clz32(word & -word)) >> 3
}

function specials(word: number): number {
  return (((word ^ 0x02020202) - 0x21212121) | ((word ^ 0x5c5c5c5c) - 0x01010101)) & ~word
}

function hexDigits(view: DataView, from: number, end: number): number {
  let digits = 0
  while (digits < 4 && from + digits < end && hexValue(view.getUint8(from + digits)) >= 0) digits++
  return digits
}

/** One of `"\bfnrt`. */
function isShortEscape(byte: number): boolean {
  switch (byte) {
    case 0x6e:
    case QUOTE:
    case BACKSLASH:
    case 0x74:
    case 0x72:
    case 0x62:
    case 0x66:
      return true
    default:
      return false
  }
}
