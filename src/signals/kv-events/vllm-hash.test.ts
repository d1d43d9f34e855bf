import { expect, test } from 'vitest'
import { low64, toHashBytes } from './block-hash.ts'
import { vllmBlockHashes, type VllmHashAlgorithm, type VllmHashOptions } from './vllm-hash.ts'
import type { CborValue } from './write-cbor.ts'
import { writeCbor } from './write-cbor.ts'

const TWELVE = Uint32Array.from({ length: 12 }, (_, at) => at + 1)

function numbers(tokens: Uint32Array, options: VllmHashOptions): bigint[] {
  return vllmBlockHashes(tokens, options).map(low64)
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}

function firstWith(extra: readonly CborValue[], seed?: string): bigint | undefined {
  const extraKeys = (block: number) => (block === 0 ? extra : undefined)
  return numbers(TWELVE, { algorithm: 'sha256_cbor', blockSize: 4, extraKeys, ...(seed !== undefined && { seed }) })[0]
}

test('canonical CBOR as vLLM hashes it', () => {
  expect(hex(writeCbor('0'))).toBe('6130')
  expect(hex(writeCbor('vllm-none-hash'))).toBe('6e766c6c6d2d6e6f6e652d68617368')
  expect(hex(writeCbor([new Uint8Array(2), Uint32Array.of(23, 24, 256, 65536), null]))).toBe(
    '83420000841718181901001a00010000f6',
  )
})

test('sha256_cbor with PYTHONHASHSEED=0', () => {
  const options = { algorithm: 'sha256_cbor', seed: '0', blockSize: 4 } as const
  const hashes = vllmBlockHashes(TWELVE, options)
  expect(hashes.map((hash) => hex(toHashBytes(hash, 32)))).toEqual([
    'c9d58ba695280d69b243e1e0df813136ca9196b286fb1a021e0b2e028ef071cb',
    '24125b23e68883b5c2141db2959d48433fe6bde2f26bd914efad121d154ab2d6',
    'e628d7f6f15c524d67345b6a98489c375c91df1c31e3d154daed446d95c926b2',
  ])
  expect(hashes.map(low64)).toEqual([2164874634404590027n, 17270480062156288726n, 15775340307203827378n])
  expect(firstWith(['salt-a'], '0')).toBe(11135162356247800086n)
  expect(firstWith(['my-lora'], '0')).toBe(17638755436353697673n)
  expect(firstWith(['my-lora', ['mmhash', 2], 'salt-a'], '0')).toBe(5533031802522484731n)
})

test('sha256_cbor with the default seed', () => {
  const hashes = numbers(TWELVE, { algorithm: 'sha256_cbor', blockSize: 4 })
  expect(hashes).toEqual([9561501211280363793n, 15292913576410714033n, 16642949654738151050n])
  expect(firstWith(['salt-a'])).toBe(12805334868625353506n)
  expect(firstWith([['cache_salt', 'salt-a']])).toBe(10162341001980757678n)
})

test('xxhash_cbor with PYTHONHASHSEED=0', () => {
  const hashes = vllmBlockHashes(TWELVE, { algorithm: 'xxhash_cbor', seed: '0', blockSize: 4 })
  expect(hashes.map((hash) => hex(toHashBytes(hash, 16)))).toEqual([
    '0a8577df5ee3430515a8cc1f6e3ac52e',
    'd152782cb4d753bde718a811a3b75e23',
    '11854328836fe73fb185ad46317b7017',
  ])
})

test('hashes of blocks of 16 tokens, and none for the rest of a prompt', () => {
  const steps = Uint32Array.from({ length: 40 }, (_, at) => 101 * (at + 1))
  const of = (algorithm: VllmHashAlgorithm) => numbers(steps, { algorithm, seed: '0', blockSize: 16 })
  expect(of('sha256_cbor')).toEqual([7876691182959014722n, 8769878286166771163n])
  expect(of('xxhash_cbor')).toEqual([11066090714971094433n, 8162514883595054550n])
  const pangram = Uint32Array.of(
    785,
    3974,
    13876,
    38835,
    34208,
    916,
    279,
    15678,
    5562,
    13,
    44801,
    2266,
    25,
    8287,
    1411,
    27217,
  )
  expect(numbers(pangram, { algorithm: 'sha256_cbor', seed: '0', blockSize: 16 })).toEqual([15724667998076285447n])
})
