import { TIER_COUNT } from './tier-copies.ts'

/** How much of a prompt each endpoint holds, and where. Made once and used for many matches. */
export class TierMatches {
  /** By slot: leading blocks held in GPU memory. */
  leading = new Uint32Array(64)
  /** By slot: leading blocks held in any tier; 0 where nothing but GPU memory is involved. */
  depths = new Uint32Array(64)
  /**
   * By slot and tier, `slot * TIER_COUNT + tier`: blocks behind the leading ones, up to the first one that is held
   * nowhere, by the nearest tier that holds each. A block of GPU memory is among them when one before it is not there.
   */
  behind = new Uint32Array(64 * TIER_COUNT)

  /** Makes room for `slots` endpoints and empties it. */
  prepare(slots: number): void {
    if (slots > this.leading.length) {
      const room = Math.max(slots, 2 * this.leading.length)
      this.leading = new Uint32Array(room)
      this.depths = new Uint32Array(room)
      this.behind = new Uint32Array(room * TIER_COUNT)
      return
    }
    this.depths.fill(0)
    this.behind.fill(0)
  }

  /** Blocks an endpoint's match is worth: leading ones in full, those behind by their tier's credit, rounded down. */
  worth(slot: number, credits: readonly number[]): number {
    const leading = this.leading[slot]!
    if (this.depths[slot] === 0) return leading
    let worth = 0
    for (let tier = 0; tier < TIER_COUNT; tier++) worth += this.behind[slot * TIER_COUNT + tier]! * (credits[tier] ?? 0)
    return leading + Math.floor(worth)
  }
}
