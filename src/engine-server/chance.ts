import { mixBits } from '../engine/mix-bits.ts'

/** True with the given probability. */
export type Chance = (probability: number) => boolean

/** Chances that follow from a seed, and are not drawn where the probability is 0. */
export function createChance(seed: number): Chance {
  let drawn = 0
  return (probability) => probability > 0 && mixBits(seed ^ mixBits(++drawn)) < probability * 2 ** 32
}
