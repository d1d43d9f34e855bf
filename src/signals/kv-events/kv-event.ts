import type { BlockHash } from './block-hash.ts'

/** Where a block lies, nearest first. `remote` is memory that several engines share. */
export type CacheTier = 'gpu' | 'cpu' | 'disk' | 'remote'

/** What makes a block differ from another one with the same tokens, besides adapter and cache salt. */
export type ExtraKey =
  /** An image or the like that overlaps the block; `offset` is where it starts, in tokens from the block's start. */
  | { readonly kind: 'multimodal'; readonly identifier: string; readonly offset: number | undefined }
  /** Prompt embeddings, by the hexadecimal digest of the block's slice. */
  | { readonly kind: 'embeddings'; readonly digest: string }
  /** Something this program does not know: the block must not be taken for one of plain text. */
  | { readonly kind: 'other'; readonly text: string }

/**
 * A run of consecutive full blocks is now held in a tier.
 *
 * Without `tokenIds` (length 0) the blocks are known from before and are now also held in this tier; otherwise
 * `tokenIds` holds `blockHashes.length * blockSize` tokens. `loraName` and `extraKeys` are those of these blocks;
 * `cacheSalt` is sent with the first block of a prompt only, and its descendants inherit it through `parentHash`.
 */
export interface BlocksStored {
  readonly type: 'blocks-stored'
  readonly blockHashes: readonly BlockHash[]
  /** The block before the first one; undefined when the first one starts a prompt. */
  readonly parentHash: BlockHash | undefined
  readonly tokenIds: Uint32Array
  /** Tokens in a block. */
  readonly blockSize: number
  readonly tier: CacheTier
  readonly loraId: number | undefined
  readonly loraName: string | undefined
  readonly cacheSalt: string | undefined
  /** For each block what it depends on besides its tokens; undefined when the engine says nothing about it. */
  readonly extraKeys: readonly (readonly ExtraKey[])[] | undefined
  /** Number of the KV-cache group of a model with several kinds of attention. */
  readonly groupIndex: number | undefined
  /** Kind of that group as the engine names it: only `full_attention` and its like hold whole prefixes. */
  readonly groupKind: string | undefined
  /** Tokens, for a group with sliding-window attention. */
  readonly slidingWindow: number | undefined
  /** Anything but `LOCAL` is memory elsewhere. */
  readonly locality: string | undefined
  /** Who reports: an agent beside the engine says its name here. */
  readonly ownership: string | undefined
  readonly sessionId: string | undefined
}

/** What a store of plain text says nothing of: no adapter, no salt, full attention, nobody in particular. */
export const PLAIN_STORE = {
  loraId: undefined,
  loraName: undefined,
  cacheSalt: undefined,
  extraKeys: undefined,
  groupIndex: undefined,
  groupKind: undefined,
  slidingWindow: undefined,
  locality: undefined,
  ownership: undefined,
  sessionId: undefined,
} as const satisfies Partial<BlocksStored>

/** One copy of each of these blocks is gone from a tier. */
export interface BlocksRemoved {
  readonly type: 'blocks-removed'
  readonly blockHashes: readonly BlockHash[]
  readonly tier: CacheTier
  readonly groupIndex: number | undefined
  readonly locality: string | undefined
  readonly ownership: string | undefined
}

/** What the removal of plain text from GPU memory says nothing of. */
export const PLAIN_REMOVAL = {
  tier: 'gpu',
  groupIndex: undefined,
  locality: undefined,
  ownership: undefined,
} as const satisfies Partial<BlocksRemoved>

/** The engine holds nothing any more, in no tier. */
export interface AllBlocksCleared {
  readonly type: 'all-blocks-cleared'
  readonly ownership: string | undefined
}

export type KvEvent = BlocksStored | BlocksRemoved | AllBlocksCleared

/** Why events of a batch were left out. */
export type SkipReason = 'unknown-type' | 'unknown-medium' | 'malformed'

export interface SkippedEvents {
  readonly reason: SkipReason
  readonly count: number
  /** What was expected and found in the first of them. */
  readonly example: string
}

/** What one rank of an engine published in one message. */
export interface KvEventBatch {
  /** Number of the message, from 0 in each process of the engine; undefined where the transport has none. */
  readonly seq: number | undefined
  /** Time of publication in seconds since 1970, by the engine's clock. */
  readonly timestamp: number | undefined
  readonly dataParallelRank: number | undefined
  readonly events: readonly KvEvent[]
  /** Events that were left out, at most one entry for each reason. */
  readonly skipped: readonly SkippedEvents[]
}

/** A batch, or in words what was found where one was expected. */
export type DecodedBatch =
  | { readonly ok: true; readonly batch: KvEventBatch }
  | { readonly ok: false; readonly found: string }

/** Decodes one message. Never throws. */
export type DecodeBatch = (payload: Uint8Array, seq?: number) => DecodedBatch
