/** Spreads a 32-bit word over 32 bits, one to one (the finaliser of MurmurHash3). */
export function mixBits(word: number): number {
  let mix = word ^ (word >>> 16)
  mix = Math.imul(mix, 0x85ebca6b)
  mix ^= mix >>> 13
  mix = Math.imul(mix, 0xc2b2ae35)
  return (mix ^ (mix >>> 16)) >>> 0
}
