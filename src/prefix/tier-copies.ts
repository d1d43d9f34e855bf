/** Where a block lies, nearest first. `remote` is memory that several engines share. */
export type Tier = 'gpu' | 'cpu' | 'disk' | 'remote'

export const TIERS: readonly Tier[] = ['gpu', 'cpu', 'disk', 'remote']
export const TIER_COUNT = 4
export const GPU = 0

const TIER_BITS = 8

/** The number of a tier, 0 for the nearest. */
export function tierNumber(tier: Tier): number {
  return tier === 'gpu' ? GPU : TIERS.indexOf(tier)
}

// The copies of a block are counted in one word: 8 bits for each tier, split evenly between the groups of the model's
// KV cache that have to hold a block before it can be reused. One group (nearly always) counts to 255, two count to 15
// each, four to 3, eight to 1. Counts stay where they are at their end.

/** Bits of one group's count when there are `groups` groups, at most 8. */
export function bitsPerGroup(groups: number): number {
  if (groups <= 1) return TIER_BITS
  if (groups <= 2) return TIER_BITS / 2
  return groups <= 4 ? TIER_BITS / 4 : TIER_BITS / 8
}

/** The nearest of the tiers that are bits here, of which there is at least one. */
export function nearestTier(tiers: number): number {
  return 31 - Math.clz32(tiers & -tiers)
}

/** One copy more in a tier for a group, but no more than `most`. */
export function addCopy(copies: number, tier: number, group: number, bits: number, most: number): number {
  const shift = TIER_BITS * tier + bits * group
  const full = (1 << bits) - 1
  const count = (copies >>> shift) & full
  return count >= Math.min(most, full) ? copies : (copies + (1 << shift)) | 0
}

/** One copy less; nothing where there is none. */
export function removeCopy(copies: number, tier: number, group: number, bits: number): number {
  const shift = TIER_BITS * tier + bits * group
  const count = (copies >>> shift) & ((1 << bits) - 1)
  return count === 0 ? copies : (copies - (1 << shift)) | 0
}

/** The tiers in which every one of the groups has a copy, as bits. */
export function heldTiers(copies: number, groups: number, bits: number): number {
  if (copies === 0) return 0
  let tiers = 0
  for (let tier = 0; tier < TIER_COUNT; tier++) {
    const counts = (copies >>> (TIER_BITS * tier)) & 0xff
    if (counts !== 0 && (groups === 1 || holdsEach(counts, groups, bits))) tiers |= 1 << tier
  }
  return tiers
}

/** The same counts with another number of bits for each group, fewer than before. */
export function narrowCopies(copies: number, fromBits: number, toBits: number): number {
  let narrowed = 0
  for (let tier = 0; tier < TIER_COUNT; tier++) {
    for (let group = 0; group * fromBits < TIER_BITS; group++) {
      const count = (copies >>> (TIER_BITS * tier + fromBits * group)) & ((1 << fromBits) - 1)
      narrowed |= Math.min(count, (1 << toBits) - 1) << (TIER_BITS * tier + toBits * group)
    }
  }
  return narrowed
}

function holdsEach(counts: number, groups: number, bits: number): boolean {
  for (let group = 0; group < groups; group++) {
    if (((counts >>> (bits * group)) & ((1 << bits) - 1)) === 0) return false
  }
  return true
}
