import { expect, test } from 'vitest'
import { sglangBlockHashes } from './sglang-hash.ts'

const TWELVE = Uint32Array.from({ length: 12 }, (_, at) => at + 1)

/** As SGLang prints them. */
function signed(hashes: readonly bigint[]): bigint[] {
  return hashes.map((hash) => BigInt.asIntN(64, hash))
}

test('pages of 4 tokens, with and without a cache salt', () => {
  expect(signed(sglangBlockHashes(TWELVE, { pageSize: 4 }))).toEqual([
    -3488128144981237669n,
    5674439469042975057n,
    -1307369107475853156n,
  ])
  expect(signed(sglangBlockHashes(TWELVE, { pageSize: 4, cacheSalt: 'salt-a' }))).toEqual([
    69620055591315069n,
    4843887416655771883n,
    6439367169410316693n,
  ])
})

test('pages of a single token', () => {
  const hashes = sglangBlockHashes(TWELVE.subarray(0, 2), { pageSize: 1 })
  expect(signed(hashes)).toEqual([7470307888890966271n, -1634645291211865391n])
})

test('pairs of tokens under speculation', () => {
  const hashes = sglangBlockHashes(TWELVE.subarray(0, 5), { pageSize: 4, pairs: true })
  expect(signed(hashes)).toEqual([-638950109823820341n])
})
