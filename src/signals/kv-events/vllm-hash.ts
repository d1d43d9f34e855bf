import { createHash } from 'node:crypto'
import { type BlockHash, toBlockHash } from './block-hash.ts'
import { type CborValue, writeCbor } from './write-cbor.ts'
import { xxh3Digest } from './xxh3.ts'

/**
 * The values of vLLM's `--prefix-caching-hash-algo` that can be computed outside Python. The default, `sha256`, hashes
 * pickled objects and cannot.
 */
export type VllmHashAlgorithm = 'sha256_cbor' | 'xxhash_cbor'

export interface VllmHashOptions {
  readonly algorithm: VllmHashAlgorithm
  /**
   * The engine's `PYTHONHASHSEED`. Unset, engines since August 2026 take `vllm-none-hash` for SHA-256; older ones, and
   * xxHash always, begin with random bytes, and their hashes cannot be computed.
   */
  readonly seed?: string
  /** Tokens in a block. */
  readonly blockSize: number
  /** What the hash of a block covers besides its tokens, by the block's index; nothing when it returns undefined. */
  readonly extraKeys?: (block: number) => readonly CborValue[] | undefined
}

/**
 * The digests of a prompt's full blocks as vLLM computes them: each over canonical CBOR of `[parent digest, tokens,
 * extra keys or nil]`, the first one's parent being the digest of the seed's CBOR. What is published is the whole
 * digest, or its last 8 bytes as an unsigned number (`low64`).
 */
export function vllmBlockHashes(tokens: Uint32Array, options: VllmHashOptions): readonly BlockHash[] {
  const { algorithm, blockSize, extraKeys } = options
  const digest = algorithm === 'sha256_cbor' ? sha256 : xxh3Digest
  const hashes: BlockHash[] = []
  let parent = digest(writeCbor(options.seed ?? DEFAULT_SEED))
  for (let block = 0; (block + 1) * blockSize <= tokens.length; block++) {
    const own = tokens.subarray(block * blockSize, (block + 1) * blockSize)
    parent = digest(writeCbor([parent, own, extraKeys?.(block) ?? null]))
    hashes.push(toBlockHash(parent) ?? 0n)
  }
  return hashes
}

const DEFAULT_SEED = 'vllm-none-hash'

function sha256(bytes: Uint8Array): Uint8Array {
  return createHash('sha256').update(bytes).digest()
}
