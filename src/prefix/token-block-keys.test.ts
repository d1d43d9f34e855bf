import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { namespaceSeed, type TokenKeys, tokenBlockKeys, TokenHasher } from './token-block-keys.ts'

const tokens = (count: number) => Uint32Array.from({ length: count }, (_, at) => 1000 + 7 * at)

function list({ words }: TokenKeys): string[] {
  return Array.from({ length: words.length / 2 }, (_, at) => `${words[2 * at]},${words[2 * at + 1]}`)
}

/** The same hash with whole numbers of any size, one lane after the other. */
function slowKeys(input: Uint32Array, blockTokens: number, parent: { low: number; high: number }): string[] {
  const primes = [0x9e3779b1n, 0x85ebca77n, 0xc2b2ae3dn, 0x27d4eb2fn] as const
  const word = (value: bigint) => BigInt.asUintN(32, value)
  const avalanche = (value: bigint) => {
    let h = value ^ (value >> 16n)
    h = word(h * primes[1])
    h ^= h >> 13n
    h = word(h * primes[2])
    return h ^ (h >> 16n)
  }
  const round = (lanes: bigint[], stripe: bigint[]) => {
    const rotated = lanes.map((lane, at) => {
      const sum = word(lane + stripe[at]! * primes[1])
      return word(word((sum << 13n) | (sum >> 19n)) * primes[0])
    })
    return rotated.map((lane, at) => word(lane + lanes[(at + 1) % 4]!))
  }
  const finish = (lanes: bigint[]): [bigint, bigint] => {
    const sum = word(lanes[0]! + lanes[1]! + lanes[2]! + lanes[3]!)
    const rest = lanes.slice(1).map((lane) => avalanche(word(lane + sum)))
    const low = word(avalanche(sum) + rest[0]! + rest[1]! + rest[2]!)
    return [low, word(rest[0]! + low)]
  }
  let low = word(BigInt(parent.low))
  let high = word(BigInt(parent.high))
  const keys: string[] = []
  for (let from = 0; from + blockTokens <= input.length; from += blockTokens) {
    let lanes = [primes[0] ^ BigInt(blockTokens), primes[1], primes[2], primes[3]]
    for (let at = 0; at < blockTokens; at += 4) {
      lanes = round(
        lanes,
        [0, 1, 2, 3].map((i) => BigInt(at + i < blockTokens ? input[from + at + i]! : 0)),
      )
    }
    const local = finish(lanes)
    const start = [low ^ primes[0], high ^ primes[1], word(low + primes[2]), word(high + primes[3])]
    const [nextLow, nextHigh] = finish(round(start, [local[0], local[1], 0n, 0n]))
    low = nextLow
    high = nextHigh
    keys.push(`${low},${high}`)
  }
  return keys
}

test('keys are those of the slow form for any block size and tokens', () => {
  const anyTokens = fc.array(fc.nat(0xffff_ffff), { maxLength: 80 }).map((list) => Uint32Array.from(list))
  fc.assert(
    fc.property(anyTokens, fc.integer({ min: 1, max: 33 }), fc.integer(), fc.integer(), (input, size, low, high) => {
      const parent = { low: low | 0, high: high | 0 }
      expect(list(tokenBlockKeys(input, size, parent))).toEqual(slowKeys(input, size, parent))
    }),
  )
})

test('a prompt may be hashed in parts', () => {
  const seed = namespaceSeed({}, 16)
  const whole = tokenBlockKeys(tokens(160), 16, seed)
  const start = tokenBlockKeys(tokens(160).subarray(0, 64), 16, seed)
  const last = { low: start.words[6]!, high: start.words[7]! }
  const rest = tokenBlockKeys(tokens(160).subarray(64), 16, last)
  expect([...list(start), ...list(rest)]).toEqual(list(whole))
  expect(whole.count).toBe(10)
})

test('namespaces, block sizes, extra keys and tokens keep keys apart', () => {
  const input = tokens(64)
  const other = tokens(64)
  other[0] = 5
  const image = [{ kind: 'multimodal' as const, identifier: 'cat', offset: 3 }]
  const all = [
    tokenBlockKeys(input, 16, namespaceSeed({}, 16)),
    tokenBlockKeys(input, 16, namespaceSeed({ adapter: 'a' }, 16)),
    tokenBlockKeys(input, 16, namespaceSeed({ cacheSalt: 'a' }, 16)),
    tokenBlockKeys(input, 16, namespaceSeed({ adapter: '' }, 16)),
    tokenBlockKeys(input, 32, namespaceSeed({}, 32)),
    tokenBlockKeys(input, 16, namespaceSeed({}, 16), [image]),
    tokenBlockKeys(input, 16, namespaceSeed({}, 16), [[{ kind: 'other', text: 'cat' }]]),
    tokenBlockKeys(other, 16, namespaceSeed({}, 16)),
  ].flatMap(list)
  expect(new Set(all).size).toBe(all.length)
})

test('an extra key of a later block leaves the blocks before it as they are', () => {
  const seed = namespaceSeed({}, 16)
  const plain = list(tokenBlockKeys(tokens(64), 16, seed))
  const image = [{ kind: 'multimodal' as const, identifier: 'cat', offset: undefined }]
  const withImage = list(tokenBlockKeys(tokens(64), 16, seed, [[], [], image, []]))
  expect(withImage.map((key, at) => key === plain[at])).toEqual([true, true, false, false])
})

test('many blocks that differ in a few tokens have different hashes', () => {
  const hasher = new TokenHasher()
  const input = new Uint32Array(16)
  const seen = new Set<number>()
  const rounds = 200_000
  for (let at = 0; at < rounds; at++) {
    input[at % 16] = at
    hasher.local(input, 0, 16)
    hasher.chain(1, 2, hasher.low, hasher.high)
    seen.add((hasher.low >>> 0) * 0x20_0000 + (hasher.high >>> 11))
  }
  expect(seen.size).toBe(rounds)
})

test('blocks of no tokens are refused', () => {
  expect(() => tokenBlockKeys(tokens(4), 0, { low: 0, high: 0 })).toThrow(/whole number from 1, found 0/)
})
