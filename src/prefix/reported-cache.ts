import { LruList } from './lru-list.ts'
import { addCopy, bitsPerGroup, GPU, heldTiers, nearestTier, removeCopy, TIER_COUNT } from './tier-copies.ts'

/** Kinds of attention whose groups keep all blocks of a prefix (names of vLLM's `kv_cache_spec_kind`). */
const WHOLE_PREFIX: ReadonlySet<string> = new Set(['full_attention', 'mla_attention', 'sink_full_attention'])
const MOST_GROUPS = 8

/** What was met in an endpoint's events, counted since it was added. */
export interface EventCounts {
  /** Blocks that were reported as stored and taken in, those known before included. */
  stored: number
  /** Blocks that were reported as removed and were known. */
  removed: number
  /** Removed blocks, and blocks without tokens, that were not known: something was lost before, or evicted here. */
  unknown: number
  /** Stores whose predecessor was not known: their blocks wait for it. */
  orphaned: number
  /** Events in blocks of another size than the endpoint's. */
  otherBlockSize: number
  /** Events of groups whose attention keeps no whole prefixes. */
  otherAttention: number
  /** Events about memory elsewhere or from an agent beside the engine. */
  elsewhere: number
  /** Events that contradict what the engine said before, or themselves. */
  contradictory: number
  /** Blocks that were dropped or not taken in to keep the index within its bytes. */
  evicted: number
}

/** What the exact index keeps for each endpoint. */
export class ReportedCache {
  readonly slot: number
  /** Blocks for which room is reserved. */
  readonly expectedBlocks: number
  /** Copies of one block that are told apart, at most 255. */
  readonly maxCopies: number
  readonly order = new LruList()
  readonly counts: EventCounts = {
    stored: 0,
    removed: 0,
    unknown: 0,
    orphaned: 0,
    otherBlockSize: 0,
    otherAttention: 0,
    elsewhere: 0,
    contradictory: 0,
    evicted: 0,
  }
  /** Tokens in a block, 0 until the first event says it. */
  blockTokens: number
  /** False while only lower tiers have said it. */
  #sizeIsSure: boolean
  /** Records, those included that only wait for their own or their children's event. */
  records = 0
  /** Blocks held in some tier, and in GPU memory. */
  held = 0
  heldByGpu = 0
  /** Records at `LEVEL_ANY` by the nearest tier that holds them. */
  readonly #behind = new Int32Array(TIER_COUNT)
  /** Records marked `SHADOW`. */
  shadows = 0
  /** Groups that have to hold a block, at least 1, and the bits for each one's count. */
  groups = 1
  groupBits = bitsPerGroup(1)
  readonly #configuredTokens: number
  /** By the engine's number of a group: its place among the groups that matter, -1 for those that do not. */
  readonly #places = new Map<number, number>()

  constructor(slot: number, expectedBlocks: number, blockTokens: number, maxCopies: number) {
    this.slot = slot
    this.expectedBlocks = expectedBlocks
    this.blockTokens = blockTokens
    this.#configuredTokens = blockTokens
    this.#sizeIsSure = blockTokens !== 0
    this.maxCopies = maxCopies
  }

  /** The place of a group by its number, -1 when it does not matter or was never met. */
  placeOf(group: number | undefined): number {
    return this.#places.get(group ?? 0) ?? -1
  }

  /**
   * True unless the group's attention keeps no whole prefixes. Removals do not tell the kind, so the first verdict stays
   * where it is a refusal, and where the group has got its place.
   */
  keepsPrefixes(group: number | undefined, kind: string | undefined): boolean {
    const number = group ?? 0
    const known = this.#places.get(number)
    if (known !== undefined) return known >= 0
    const whole = kind === undefined || WHOLE_PREFIX.has(kind)
    if (!whole) this.#places.set(number, -1)
    return whole
  }

  /**
   * True when blocks of so many tokens are the endpoint's: they are when nobody has said another size. What offloads blocks
   * may report chunks of its own, so that the word of a lower tier counts no longer than GPU memory is silent. Afterwards
   * `blockTokens` may be another size than before.
   */
  takeBlockSize(tokens: number, tier: number): boolean {
    if (tokens !== this.blockTokens) {
      const mayTell = this.blockTokens === 0 || (!this.#sizeIsSure && tier === GPU)
      if (!mayTell || tokens === 0) return false
      this.blockTokens = tokens
    }
    if (tier === GPU) this.#sizeIsSure = true
    return true
  }

  /** The place of a group that keeps prefixes, -1 when there are too many. Afterwards `groups` may be larger than before. */
  place(group: number | undefined): number {
    const number = group ?? 0
    const known = this.#places.get(number)
    if (known !== undefined) return known
    let matters = 0
    for (const place of this.#places.values()) if (place >= 0) matters++
    const place = matters < MOST_GROUPS ? matters : -1
    this.#places.set(number, place)
    this.groups = Math.max(this.groups, place + 1)
    return place
  }

  /** Forgets the block size, unless it is configured, and which groups there are. No block may be held. */
  forgetLayout(): void {
    this.blockTokens = this.#configuredTokens
    this.#sizeIsSure = this.blockTokens !== 0
    this.#places.clear()
    this.groups = 1
    this.groupBits = bitsPerGroup(1)
  }

  /** A record is (`by` 1) or is no longer (-1) behind the leading blocks in GPU memory, held by these tiers. */
  countBehind(tiers: number, by: number): void {
    this.#behind[nearestTier(tiers)]! += by
  }

  /** The nearest tier of all records behind the leading blocks in GPU memory, -1 where they have several. */
  soleTierBehind(): number {
    let sole = -1
    for (let tier = 0; tier < TIER_COUNT; tier++) {
      if (this.#behind[tier] === 0) continue
      if (sole !== -1) return -1
      sole = tier
    }
    return sole
  }

  add(copies: number, tier: number, place: number): number {
    return addCopy(copies, tier, place, this.groupBits, this.maxCopies)
  }

  remove(copies: number, tier: number, place: number): number {
    return removeCopy(copies, tier, place, this.groupBits)
  }

  tiersOf(copies: number): number {
    return heldTiers(copies, this.groups, this.groupBits)
  }
}
