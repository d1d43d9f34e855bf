/** A source of uniform numbers in [0, 1). */
export type Random = () => number

/**
 * Spreads the bits of a 32-bit number; a bijection, so distinct inputs stay distinct
 * (the finaliser of MurmurHash3, https://github.com/aappleby/smhasher).
 */
export function mixBits(value: number): number {
  let h = value | 0
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}

/** 32-bit hash of a text (FNV-1a over UTF-16 code units, then mixed), for salts and seeds. */
export function hashText(text: string): number {
  let h = 0x811c9dc5
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193)
  return mixBits(h)
}

/**
 * A seeded random source: the same seed gives the same numbers on every machine.
 * The generator is sfc32 (Chris Doty-Humphrey, PractRand), period about 2^127.
 */
export function createRandom(seed: number): Random {
  let a = mixBits(seed)
  let b = mixBits(a ^ 0x9e3779b9)
  let c = mixBits(b ^ Math.floor(seed / 4294967296))
  let counter = 1
  const next = (): number => {
    const t = (((a + b) | 0) + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = (c << 21) | (c >>> 11)
    c = (c + t) | 0
    return (t >>> 0) / 4294967296
  }
  for (let i = 0; i < 12; i++) next()
  return next
}
