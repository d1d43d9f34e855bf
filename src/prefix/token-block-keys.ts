import { BlockHasher } from './block-hasher.ts'
import type { BlockKeys } from './block-keys.ts'

/** Chained keys of a prompt's full blocks of `blockTokens` tokens each. Keys of two block sizes never meet. */
export interface TokenKeys extends BlockKeys {
  readonly blockTokens: number
}

/** One 64-bit key. A prompt starts from the key of its namespace, any other block from the key of the one before. */
export interface BlockKey {
  readonly low: number
  readonly high: number
}

/** What makes equal tokens different prompts for an engine: nothing of it is said by the tokens themselves. */
export interface TokenNamespace {
  readonly adapter?: string | undefined
  readonly cacheSalt?: string | undefined
}

/** What one block depends on besides its tokens, its namespace and the blocks before. */
export type ExtraKey =
  /** An image or the like that overlaps the block; `offset` is where it starts, in tokens from the block's start. */
  | { readonly kind: 'multimodal'; readonly identifier: string; readonly offset: number | undefined }
  /** Prompt embeddings, by their digest. */
  | { readonly kind: 'embeddings'; readonly digest: string }
  /** Anything else that the engine keeps apart. */
  | { readonly kind: 'other'; readonly text: string }

const PRIME_1 = 0x9e3779b1 | 0
const PRIME_2 = 0x85ebca77 | 0
const PRIME_3 = 0xc2b2ae3d | 0
const PRIME_4 = 0x27d4eb2f | 0

/** Encodings of `BlockHasher.begin`; text prompts are 0. */
const TOKEN_SEED = 1
const EXTRA_SEED = 2

/**
 * Hashes blocks of token ids in two steps: a block's own 64-bit hash, and from it and the key of the block before its
 * chained key. So a block whose predecessor is not known yet can be kept by its own hash and chained later.
 *
 * Both steps are the round of `BlockHasher` (four lanes of 32 bits, rotate 13, two odd multipliers, each lane taking in
 * its neighbour, the finaliser of MurmurHash3) over 4-byte words; blocks that are no multiple of four words are padded
 * with zeros. Words are signed 32-bit integers here, and results are left in `low` and `high`.
 */
export class TokenHasher {
  low = 0
  high = 0

  /** The block's own hash. */
  local(tokens: Uint32Array, from: number, count: number): void {
    let v1 = PRIME_1 ^ count
    let v2 = PRIME_2
    let v3 = PRIME_3
    let v4 = PRIME_4
    const end = from + count
    for (let at = from; at < end; at += 4) {
      const a = (v1 + Math.imul(tokens[at]!, PRIME_2)) | 0
      const b = (v2 + Math.imul(at + 1 < end ? tokens[at + 1]! : 0, PRIME_2)) | 0
      const c = (v3 + Math.imul(at + 2 < end ? tokens[at + 2]! : 0, PRIME_2)) | 0
      const d = (v4 + Math.imul(at + 3 < end ? tokens[at + 3]! : 0, PRIME_2)) | 0
      const first = v1
      v1 = (Math.imul((a << 13) | (a >>> 19), PRIME_1) + v2) | 0
      v2 = (Math.imul((b << 13) | (b >>> 19), PRIME_1) + v3) | 0
      v3 = (Math.imul((c << 13) | (c >>> 19), PRIME_1) + v4) | 0
      v4 = (Math.imul((d << 13) | (d >>> 19), PRIME_1) + first) | 0
    }
    this.#finish(v1, v2, v3, v4)
  }

  /** The key of a block from the key of the block before and the block's own hash. */
  chain(parentLow: number, parentHigh: number, localLow: number, localHigh: number): void {
    const v1 = parentLow ^ PRIME_1
    const v2 = parentHigh ^ PRIME_2
    const v3 = (parentLow + PRIME_3) | 0
    const v4 = (parentHigh + PRIME_4) | 0
    const a = (v1 + Math.imul(localLow, PRIME_2)) | 0
    const b = (v2 + Math.imul(localHigh, PRIME_2)) | 0
    this.#finish(
      (Math.imul((a << 13) | (a >>> 19), PRIME_1) + v2) | 0,
      (Math.imul((b << 13) | (b >>> 19), PRIME_1) + v3) | 0,
      (Math.imul((v3 << 13) | (v3 >>> 19), PRIME_1) + v4) | 0,
      (Math.imul((v4 << 13) | (v4 >>> 19), PRIME_1) + v1) | 0,
    )
  }

  /** Takes what else a block depends on into its own hash, which is in `low` and `high`. */
  addExtras(extras: readonly ExtraKey[] | undefined): void {
    if (extras === undefined || extras.length === 0) return
    for (const extra of extras) {
      const key = seedOf(EXTRA_SEED, textOf(extra), undefined, 0)
      this.chain(this.low, this.high, key.low, key.high)
    }
  }

  #finish(v1: number, v2: number, v3: number, v4: number): void {
    const sum = (v1 + v2 + v3 + v4) | 0
    const second = avalanche((v2 + sum) | 0)
    const rest = (avalanche((v3 + sum) | 0) + avalanche((v4 + sum) | 0)) | 0
    const low = (avalanche(sum) + second + rest) | 0
    this.low = low
    this.high = (second + low) | 0
  }
}

/** The key from which the first block of every prompt in a namespace is chained. */
export function namespaceSeed(namespace: TokenNamespace, blockTokens: number): BlockKey {
  return seedOf(TOKEN_SEED, namespace.adapter, namespace.cacheSalt, blockTokens)
}

/**
 * The keys of the full blocks of `tokens`, chained from `parent`: a namespace's seed for a whole prompt, or the key of
 * the last block before these tokens. `extras` has an entry for each block, if any.
 * @throws RangeError unless `blockTokens` is a whole number from 1
 */
export function tokenBlockKeys(
  tokens: Uint32Array,
  blockTokens: number,
  parent: BlockKey,
  extras?: readonly (readonly ExtraKey[])[],
): TokenKeys {
  if (!Number.isInteger(blockTokens) || blockTokens < 1) {
    throw new RangeError(`blockTokens: expected a whole number from 1, found ${blockTokens}`)
  }
  const count = Math.floor(tokens.length / blockTokens)
  const words = new Uint32Array(2 * count)
  const hasher = new TokenHasher()
  let low = parent.low | 0
  let high = parent.high | 0
  for (let block = 0; block < count; block++) {
    hasher.local(tokens, block * blockTokens, blockTokens)
    hasher.addExtras(extras?.[block])
    hasher.chain(low, high, hasher.low, hasher.high)
    low = hasher.low
    high = hasher.high
    words[2 * block] = low
    words[2 * block + 1] = high
  }
  return { count, words, blockTokens }
}

/** The 64-bit hash of two texts and a number. */
function seedOf(encoding: number, first: string | undefined, second: string | undefined, number: number): BlockKey {
  const hasher = new BlockHasher(16)
  hasher.begin({ model: '', adapter: first, cacheSalt: second }, encoding)
  hasher.word(number)
  for (let filler = 0; filler < 3; filler++) hasher.word(0)
  const { words } = hasher.finish()
  return { low: words[0]! | 0, high: words[1]! | 0 }
}

function textOf(extra: ExtraKey): string {
  if (extra.kind === 'multimodal') return `multimodal ${extra.offset ?? ''} ${extra.identifier}`
  return extra.kind === 'embeddings' ? `embeddings ${extra.digest}` : `other ${extra.text}`
}

/** The 32-bit finaliser of MurmurHash3, with the multipliers of xxHash32. */
function avalanche(word: number): number {
  let h = word ^ (word >>> 16)
  h = Math.imul(h, PRIME_2)
  h ^= h >>> 13
  h = Math.imul(h, PRIME_3)
  return h ^ (h >>> 16)
}
