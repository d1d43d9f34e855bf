import type { CacheListener } from '../../engine/engine-hooks.ts'
import type { EngineRequest } from '../../engine/sequence.ts'
import type { BlockHash } from '../../signals/kv-events/block-hash.ts'
import { type BlocksStored, type KvEvent, PLAIN_STORE } from '../../signals/kv-events/kv-event.ts'
import type { BlockContent } from './block-content.ts'
import type { HashChain } from './hash-chain.ts'

/** A request whose blocks can be reported. */
export interface FeedRequest extends EngineRequest {
  readonly content: BlockContent | undefined
}

export interface CacheFeedOptions {
  readonly blockSize: number
  readonly chain: HashChain
  /** `each`: every copy of a block is reported, as by vLLM. `first`: only the first and the last, as by a radix tree. */
  readonly copies: 'each' | 'first'
  /** Takes the events since the last flush. */
  readonly publish: (events: readonly KvEvent[]) => void
}

interface HeldBlock {
  readonly digest: Uint8Array
  readonly hash: BlockHash
  /** Its hash, and the number of the adapter, which not every engine's hash covers. */
  readonly identity: bigint
}

/** Turns what happens to an engine's blocks into KV events with real hashes and token ids. */
export class CacheFeed implements CacheListener<FeedRequest> {
  readonly #options: CacheFeedOptions
  /** By the block's number in the cache. */
  readonly #held: (HeldBlock | undefined)[] = []
  readonly #copies = new Map<bigint, number>()
  #events: KvEvent[] = []
  /** Hashes of evicted blocks that are not in an event yet. */
  #gone: BlockHash[] = []

  constructor(options: CacheFeedOptions) {
    this.#options = options
  }

  stored({ content }: FeedRequest, blocks: Int32Array, from: number, to: number): void {
    if (content === undefined) throw new Error('expected the tokens of a request whose blocks are reported, found none')
    let run = from
    for (let at = from; at < to; at++) {
      if (this.#add(content, blocks, at)) continue
      this.#reportStored(content, blocks, run, at)
      run = at + 1
    }
    this.#reportStored(content, blocks, run, to)
  }

  evicted(block: number): void {
    const held = this.#held[block]
    if (held === undefined) return
    this.#held[block] = undefined
    if (this.#count(held.identity, -1) === 0 || this.#options.copies === 'each') this.#gone.push(held.hash)
  }

  cleared(): void {
    this.#held.length = 0
    this.#copies.clear()
    this.#gone.length = 0
    this.#events.push({ type: 'all-blocks-cleared', ownership: undefined })
  }

  /** Hands on what has happened. */
  flush(): void {
    this.#reportRemoved()
    if (this.#events.length === 0) return
    const events = this.#events
    this.#events = []
    this.#options.publish(events)
  }

  /** The published hash of a findable block. */
  hashOf(block: number): BlockHash | undefined {
    return this.#held[block]?.hash
  }

  /** Learns a block; false when it is a copy that is not reported. */
  #add(content: BlockContent, blocks: Int32Array, at: number): boolean {
    const { chain, blockSize, copies } = this.#options
    const parent = at === 0 ? undefined : this.#held[blocks[at - 1]!]?.digest
    const digest = chain.next(parent, content.tokens.subarray(at * blockSize, (at + 1) * blockSize), content)
    const hash = chain.published(digest)
    const identity = hash | (BigInt(content.adapter?.id ?? 0) << 512n)
    this.#held[blocks[at]!] = { digest, hash, identity }
    return this.#count(identity, 1) === 1 || copies === 'each'
  }

  #count(identity: bigint, change: 1 | -1): number {
    const count = (this.#copies.get(identity) ?? 0) + change
    if (count === 0) this.#copies.delete(identity)
    else this.#copies.set(identity, count)
    return count
  }

  #reportStored(content: BlockContent, blocks: Int32Array, from: number, to: number): void {
    if (from === to) return
    this.#reportRemoved()
    const hashes: BlockHash[] = []
    for (let at = from; at < to; at++) hashes.push(this.#held[blocks[at]!]?.hash ?? 0n)
    const parentHash = from === 0 ? undefined : this.#held[blocks[from - 1]!]?.hash
    this.#events.push(storedEvent(content, hashes, parentHash, from, this.#options.blockSize))
  }

  /** Evictions come in runs: one event for as many as come between two stores. */
  #reportRemoved(): void {
    if (this.#gone.length === 0) return
    const event = { tier: 'gpu', groupIndex: undefined, locality: undefined, ownership: undefined } as const
    this.#events.push({ type: 'blocks-removed', blockHashes: this.#gone, ...event })
    this.#gone = []
  }
}

function storedEvent(
  { tokens, adapter, cacheSalt }: BlockContent,
  blockHashes: readonly BlockHash[],
  parentHash: BlockHash | undefined,
  from: number,
  blockSize: number,
): BlocksStored {
  const salt = from === 0 ? cacheSalt : undefined
  const isPlain = adapter === undefined && salt === undefined
  return {
    type: 'blocks-stored',
    blockHashes,
    parentHash,
    tokenIds: tokens.subarray(from * blockSize, (from + blockHashes.length) * blockSize),
    blockSize,
    tier: 'gpu',
    ...PLAIN_STORE,
    loraId: adapter?.id,
    loraName: adapter?.name,
    cacheSalt: salt,
    extraKeys: isPlain ? undefined : blockHashes.map(() => []),
  }
}
