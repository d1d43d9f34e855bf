import { createHash } from 'node:crypto'
import type { BlockHash } from '../../signals/kv-events/block-hash.ts'
import { toBlockHash } from '../../signals/kv-events/block-hash.ts'
import type { VllmHashAlgorithm } from '../../signals/kv-events/vllm-hash.ts'
import type { CborValue } from '../../signals/kv-events/write-cbor.ts'
import { writeCbor } from '../../signals/kv-events/write-cbor.ts'
import { xxh3Digest } from '../../signals/kv-events/xxh3.ts'
import type { BlockContent } from './block-content.ts'

/** How an engine names its blocks: block by block, each from the digest of the one before. */
export interface HashChain {
  /** The digest of a block of these tokens; `parent` is that of the block before, undefined for a prompt's first. */
  next(parent: Uint8Array | undefined, tokens: Uint32Array, content: BlockContent): Uint8Array
  /** The number that is published for a digest. */
  published(digest: Uint8Array): BlockHash
}

const VLLM_SEED = 'vllm-none-hash'

/**
 * vLLM's chain over canonical CBOR of `[parent digest, tokens, extra keys]`, in the form before the keys bore tags: the
 * adapter's name in every block, the cache salt in the first. `seed` is `PYTHONHASHSEED`.
 */
export function vllmChain(algorithm: VllmHashAlgorithm = 'sha256_cbor', seed: string = VLLM_SEED): HashChain {
  const digest = algorithm === 'sha256_cbor' ? sha256 : xxh3Digest
  const root = digest(writeCbor(seed))
  return {
    next(parent, tokens, { adapter, cacheSalt }) {
      const extra: CborValue[] = adapter === undefined ? [] : [adapter.name]
      if (parent === undefined && cacheSalt !== undefined) extra.push(cacheSalt)
      return digest(writeCbor([parent ?? root, tokens, extra.length === 0 ? null : extra]))
    },
    published: (bytes) => toBlockHash(bytes) ?? 0n,
  }
}

const SALT_PREFIX = 'sglang-cache-salt-v1\0'

/**
 * SGLang's chain: SHA-256 over the digest before and the tokens as little-endian words. The cache salt is the digest
 * before the first page; the adapter separates pages in the engine, but not their hashes.
 */
export function sglangChain(): HashChain {
  return {
    next(parent, tokens, { cacheSalt }) {
      const before = parent ?? (cacheSalt === undefined ? undefined : sha256(Buffer.from(SALT_PREFIX + cacheSalt)))
      const words = Buffer.alloc(4 * tokens.length)
      for (let at = 0; at < tokens.length; at++) words.writeUInt32LE(tokens[at]!, 4 * at)
      return sha256(before === undefined ? words : Buffer.concat([before, words]))
    },
    published: (bytes) => toBlockHash(bytes.subarray(0, 8)) ?? 0n,
  }
}

function sha256(bytes: Uint8Array): Uint8Array {
  return createHash('sha256').update(bytes).digest()
}
