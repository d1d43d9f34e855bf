import type { EngineHash } from './engine-hash.ts'
import type { Tier } from './tier-copies.ts'
import type { ExtraKey } from './token-block-keys.ts'

/**
 * An engine's report that it holds a run of consecutive full blocks in a tier. What a decoder of events yields fits in
 * here as it is.
 */
export interface StoredBlocks {
  readonly blockHashes: ArrayLike<EngineHash>
  /** The block before the first one; undefined when the first one starts a prompt. */
  readonly parentHash?: EngineHash | undefined
  /** `blockHashes.length * blockSize` tokens, or none for blocks that are known and now also held in this tier. */
  readonly tokenIds: Uint32Array
  /** Tokens in a block. */
  readonly blockSize: number
  /** Default `gpu`. */
  readonly tier?: Tier | undefined
  readonly loraName?: string | undefined
  /** The engine's number of the adapter, from 1; says that there is one where the name is not told. */
  readonly loraId?: number | undefined
  /** Only with the first block of a prompt; the blocks behind inherit it. */
  readonly cacheSalt?: string | undefined
  /** For each block what it depends on besides its tokens. */
  readonly extraKeys?: readonly (readonly ExtraKey[])[] | undefined
  readonly groupIndex?: number | undefined
  /** Kind of attention of the group, as vLLM names it. */
  readonly groupKind?: string | undefined
  /** Anything but `LOCAL` is memory elsewhere. */
  readonly locality?: string | undefined
  /** Who reports, when it is not the engine. */
  readonly ownership?: string | undefined
}

/** An engine's report that one copy of each of these blocks is gone from a tier. */
export interface RemovedBlocks {
  readonly blockHashes: ArrayLike<EngineHash>
  readonly tier?: Tier | undefined
  readonly groupIndex?: number | undefined
  readonly locality?: string | undefined
  readonly ownership?: string | undefined
}

/** What an event led to: taken in, or why not, or not all of it. Counted by endpoint in `EventCounts`. */
export type EventOutcome =
  | 'applied'
  /** Only as far as there is room in the index's bytes. */
  | 'truncated'
  /** Its blocks wait for their predecessor's event. */
  | 'orphaned'
  /** Blocks of another size than the endpoint's. */
  | 'other-block-size'
  /** A group whose attention keeps no whole prefixes. */
  | 'other-attention'
  /** Memory elsewhere, or a report by an agent beside the engine. */
  | 'elsewhere'
  /** Another number of tokens than its blocks have. */
  | 'malformed'
  /** A block that was reported before with other tokens, or as its own predecessor. */
  | 'contradictory'

/** True when an event is about memory that is not the engine's own. */
export function isElsewhere(event: StoredBlocks | RemovedBlocks): boolean {
  if (event.ownership !== undefined && event.ownership !== '') return true
  return event.locality !== undefined && event.locality.toUpperCase() !== 'LOCAL'
}
