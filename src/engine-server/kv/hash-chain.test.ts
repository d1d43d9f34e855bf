import { describe, expect, test } from 'vitest'
import { low64 } from '../../signals/kv-events/block-hash.ts'
import { sglangBlockHashes } from '../../signals/kv-events/sglang-hash.ts'
import { vllmBlockHashes } from '../../signals/kv-events/vllm-hash.ts'
import type { BlockContent } from './block-content.ts'
import type { HashChain } from './hash-chain.ts'
import { sglangChain, vllmChain } from './hash-chain.ts'

const tokens = Uint32Array.from({ length: 12 }, (_, at) => at + 1)
const adapter = { name: 'my-lora', id: 1, path: '' }

function hashes(chain: HashChain, content: Partial<BlockContent> = {}): bigint[] {
  let parent: Uint8Array | undefined
  return [0, 4, 8].map((from) => {
    const own = tokens.subarray(from, from + 4)
    parent = chain.next(parent, own, { tokens, adapter: undefined, cacheSalt: undefined, ...content })
    return chain.published(parent)
  })
}

describe('vLLM', () => {
  test.each([
    ['sha256_cbor', '0'],
    ['sha256_cbor', undefined],
    ['xxhash_cbor', '0'],
  ] as const)('%s with seed %s is what the reader of events computes', (algorithm, seed) => {
    const options = { algorithm, blockSize: 4, ...(seed === undefined ? {} : { seed }) }
    expect(hashes(vllmChain(algorithm, seed))).toEqual(vllmBlockHashes(tokens, options))
  })

  test('adapter and salt are part of it', () => {
    const chain = vllmChain('sha256_cbor', '0')
    expect(low64(hashes(chain, { cacheSalt: 'salt-a' })[0] ?? 0n)).toBe(11135162356247800086n)
    expect(low64(hashes(chain, { adapter })[0] ?? 0n)).toBe(17638755436353697673n)
    const extraKeys = (block: number): string[] => (block === 0 ? ['my-lora', 's'] : ['my-lora'])
    const expected = vllmBlockHashes(tokens, { algorithm: 'sha256_cbor', seed: '0', blockSize: 4, extraKeys })
    expect(hashes(chain, { adapter, cacheSalt: 's' })).toEqual(expected)
  })
})

test('SGLang, with salt or without, whatever the adapter', () => {
  expect(hashes(sglangChain(), { adapter })).toEqual(sglangBlockHashes(tokens, { pageSize: 4 }))
  const salted = sglangBlockHashes(tokens, { pageSize: 4, cacheSalt: 'salt-a' })
  expect(hashes(sglangChain(), { cacheSalt: 'salt-a' })).toEqual(salted)
})
