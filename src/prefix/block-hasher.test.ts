import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { BlockHasher, type BlockNamespace } from './block-hasher.ts'

const NAMESPACE: BlockNamespace = { model: 'm' }

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

function keysOf(bytes: Uint8Array, namespace = NAMESPACE, blockBytes = 128, encoding = 0): bigint[] {
  const hasher = new BlockHasher(blockBytes)
  hasher.begin(namespace, encoding)
  hasher.update(bytes, viewOf(bytes), 0, bytes.length)
  return bigKeys(hasher)
}

function bigKeys(hasher: BlockHasher): bigint[] {
  const { count, words } = hasher.finish()
  if (words.length !== 2 * count) throw new Error(`expected ${2 * count} words, found ${words.length}`)
  return Array.from({ length: count }, (_, i) => (BigInt(words[2 * i + 1]!) << 32n) | BigInt(words[2 * i]!))
}

/** A small generator, so that every run sees the same bytes. */
function noise(length: number, seed: number): Uint8Array {
  let state = seed >>> 0
  const bytes = new Uint8Array(length)
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    bytes[i] = state >>> 24
  }
  return bytes
}

function countDistinct(keys: BigUint64Array): number {
  keys.sort()
  let distinct = keys.length === 0 ? 0 : 1
  for (let i = 1; i < keys.length; i++) if (keys[i] !== keys[i - 1]) distinct++
  return distinct
}

/** Keys of the first block of `count` blocks that `write` makes one after another in the same memory. */
function firstKeys(count: number, write: (block: Uint8Array, index: number) => void): BigUint64Array {
  const hasher = new BlockHasher(128)
  const block = noise(128, 7)
  const view = viewOf(block)
  const words = new Uint32Array(2 * count)
  for (let i = 0; i < count; i++) {
    write(block, i)
    const [low, high] = hasher.digest(block, view, 0, 128)
    words[2 * i] = low
    words[2 * i + 1] = high
  }
  return new BigUint64Array(words.buffer)
}

describe('a stream', () => {
  test('has a key for each full block and none for the rest', () => {
    expect(keysOf(noise(127, 1))).toHaveLength(0)
    expect(keysOf(noise(128, 1))).toHaveLength(1)
    expect(keysOf(noise(400, 1))).toHaveLength(3)
  })

  test('has the same keys for ever: they are stored and shared', () => {
    const keys = keysOf(noise(256, 1), { model: 'llama', adapter: 'a', tenant: 'Ä𝄞' })
    expect(keys.map((key) => key.toString(16))).toMatchInlineSnapshot(`
      [
        "10b614a4eac65fb1",
        "70ae911e84ff4060",
      ]
    `)
  })

  test('does not depend on how it is cut, or on where its bytes lie', () => {
    const cuts = fc.array(fc.nat({ max: 700 }), { maxLength: 12 })
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 700 }), cuts, fc.nat({ max: 7 }), (bytes, at, shift) => {
        const moved = new Uint8Array(bytes.length + shift)
        moved.set(bytes, shift)
        const hasher = new BlockHasher(48)
        hasher.begin(NAMESPACE)
        const edges = [...at.filter((cut) => cut < bytes.length).sort((a, b) => a - b), bytes.length]
        let from = 0
        for (const edge of edges) {
          hasher.update(moved, viewOf(moved), from + shift, edge + shift)
          from = edge
        }
        expect(hasher.bytes).toBe(bytes.length)
        expect(bigKeys(hasher)).toEqual(keysOf(bytes, NAMESPACE, 48))
      }),
    )
  })

  test('takes bytes, words and texts as what they are in memory', () => {
    const hasher = new BlockHasher(16)
    const text = fc
      .array(fc.oneof(fc.nat({ max: 0x7f }), fc.nat({ max: 0xffff }), fc.nat({ max: 0x10ffff })))
      .map((codes) => String.fromCodePoint(...codes).toWellFormed())
    const word = fc.integer({ min: 0, max: 0xffffffff })
    fc.assert(
      fc.property(text, fc.nat({ max: 20 }), word, (string, pad, number) => {
        hasher.begin(NAMESPACE)
        for (let i = 0; i < pad; i++) hasher.mark(i)
        hasher.word(number)
        hasher.text(string)
        const tail = new TextEncoder().encode(string)
        const bytes = new Uint8Array(pad + 4 + tail.length)
        bytes.set(Uint8Array.from({ length: pad }, (_, i) => i))
        viewOf(bytes).setUint32(pad, number, true)
        bytes.set(tail, pad + 4)
        expect(bigKeys(hasher)).toEqual(keysOf(bytes, NAMESPACE, 16))
        expect(hasher.bytes).toBe(bytes.length)
      }),
    )
  })

  test('shares keys up to the block of the first difference, and none after', () => {
    const bytes = noise(1280, 3)
    const whole = keysOf(bytes)
    for (const at of [0, 127, 128, 700, 1279]) {
      const other = bytes.slice()
      other[at] = other[at]! ^ 1
      const keys = keysOf(other)
      keys.forEach((key, i) => expect(key === whole[i]).toBe(i < Math.floor(at / 128)))
    }
  })

  test('leaves earlier results alone when it is used again', () => {
    const hasher = new BlockHasher(128)
    const bytes = noise(4096, 5)
    hasher.begin(NAMESPACE)
    hasher.update(bytes, viewOf(bytes), 0, 1024)
    const { words } = hasher.finish()
    const copy = words.slice()
    for (let i = 0; i < 500; i++) {
      hasher.begin({ model: `m${i}` })
      hasher.update(bytes, viewOf(bytes), i, 1024 + i)
      hasher.finish()
    }
    expect(words).toEqual(copy)
  })
})

describe('namespaces', () => {
  const field = fc.option(fc.string({ maxLength: 4 }), { nil: undefined })
  const namespace = fc.record({ model: fc.string({ maxLength: 4 }), adapter: field, cacheSalt: field, tenant: field })
  const bytes = noise(256, 9)

  test('share no key unless they are equal', () => {
    fc.assert(
      fc.property(namespace, namespace, (one, other) => {
        const same = JSON.stringify(one) === JSON.stringify(other)
        const keys = new Set(keysOf(bytes, one))
        expect(keysOf(bytes, other).some((key) => keys.has(key))).toBe(same)
      }),
    )
  })

  test('keep their fields apart', () => {
    const spaces: BlockNamespace[] = [
      { model: 'ab' },
      { model: 'a', adapter: 'b' },
      { model: 'a', cacheSalt: 'b' },
      { model: 'a', tenant: 'b' },
      { model: 'a', adapter: '' },
      { model: 'a' },
      { model: 'a', adapter: '', cacheSalt: 'b' },
      { model: '\ud800' },
      { model: '\udbff' },
    ]
    expect(new Set(spaces.map((space) => keysOf(bytes, space)[0])).size).toBe(spaces.length)
  })

  test('of other encodings or block sizes share no key', () => {
    const keys = [...keysOf(bytes), ...keysOf(bytes, NAMESPACE, 128, 1), ...keysOf(bytes, NAMESPACE, 64)]
    expect(new Set(keys).size).toBe(2 + 2 + 4)
  })
})

describe('the hash', () => {
  test('tells a million blocks apart that differ in one word', () => {
    const keys = firstKeys(1_000_000, (block, i) => viewOf(block).setUint32(20, i, true))
    expect(countDistinct(keys)).toBe(keys.length)
  })

  test('tells a million blocks apart that differ in two words of one lane', () => {
    const values = new Uint32Array(noise(8000, 13).buffer)
    const keys = firstKeys(1_000_000, (block, i) => {
      const view = viewOf(block)
      view.setUint32(64, values[i % 1000]!, true)
      view.setUint32(80, values[1000 + Math.floor(i / 1000)]!, true)
    })
    expect(countDistinct(keys)).toBe(keys.length)
  })

  test('tells all blocks apart that differ in two bits', () => {
    const pairs: [number, number][] = []
    for (let one = 0; one < 1024; one++) for (let other = 0; other < one; other++) pairs.push([one, other])
    const flip = (block: Uint8Array, bit: number): void => {
      block[bit >> 3] = block[bit >> 3]! ^ (1 << (bit & 7))
    }
    const keys = firstKeys(pairs.length, (block, i) => {
      for (const bit of pairs[i]!) flip(block, bit)
      if (i > 0) for (const bit of pairs[i - 1]!) flip(block, bit)
    })
    expect(countDistinct(keys)).toBe(pairs.length)
  })

  test('flips each bit of the key and of its successor with probability one half', () => {
    const rounds = 120
    const flips = new Float64Array(128)
    let worst = 0
    for (let bit = 0; bit < 1024; bit += 5) {
      const here = new Float64Array(128)
      for (let round = 0; round < rounds; round++) {
        const bytes = noise(256, bit * rounds + round)
        const before = keysOf(bytes)
        bytes[bit >> 3] = bytes[bit >> 3]! ^ (1 << (bit & 7))
        const after = keysOf(bytes)
        let changed = (before[0]! ^ after[0]!) | ((before[1]! ^ after[1]!) << 64n)
        for (let out = 0; changed > 0n; out++, changed >>= 1n) if ((changed & 1n) === 1n) here[out] = here[out]! + 1
      }
      here.forEach((count, out) => {
        flips[out] = flips[out]! + count / rounds
        worst = Math.max(worst, Math.abs(count / rounds - 0.5))
      })
    }
    const inputs = Math.ceil(1024 / 5)
    for (const sum of flips) expect(Math.abs(sum / inputs - 0.5)).toBeLessThan(0.015)
    // 26,240 frequencies of 120 fair coins: 0.046 is one deviation, and six of them are not to be expected.
    expect(worst).toBeLessThan(0.275)
  })

  test('digests a blob on its own', () => {
    const hasher = new BlockHasher(128)
    const bytes = noise(1000, 11)
    hasher.begin(NAMESPACE)
    hasher.update(bytes, viewOf(bytes), 0, 500)
    const digest = hasher.digest(bytes, viewOf(bytes), 3, 900)
    hasher.update(bytes, viewOf(bytes), 500, 1000)
    expect(bigKeys(hasher)).toEqual(keysOf(bytes))
    hasher.begin({ model: 'other' })
    expect(hasher.digest(bytes, viewOf(bytes), 3, 900)).toEqual(digest)
    const zeros = new Uint8Array(400)
    const digests = Array.from({ length: 400 }, (_, length) => hasher.digest(zeros, viewOf(zeros), 0, length).join())
    expect(new Set(digests).size).toBe(400)
  })
})

test('refuses a block that is not a multiple of 16 bytes', () => {
  expect(() => new BlockHasher(100)).toThrow('blockBytes: expected a positive multiple of 16, found 100')
})
