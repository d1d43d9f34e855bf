import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { HOLDING_WORDS, KEY_HIGH, KEY_LOW } from './holding-pool.ts'
import { KeyTable } from './key-table.ts'
import { tagTableBytes } from './tag-table.ts'

const KEYS = 40
const KEY_NUMBERS = Array.from({ length: KEYS }, (_, at) => at + 1)

/** Low words for a high word that is the same for all keys, each giving another pattern of tags. */
const LOW_WORDS = {
  spread: (key: number) => Math.imul(key, 0x2545f491),
  // The mixing constant's inverse makes the tags the highest and the lowest there are: the searches wrap around.
  'around the end': (key: number) => Math.imul(key % 2 === 0 ? key << 21 : -1 - (key << 22), 0x0e8b2f51),
}

/** Records 1 to `KEYS`, whose keys have such low words. */
function recordsWith(lowWord: (key: number) => number): Int32Array {
  const words = new Int32Array((KEYS + 1) * HOLDING_WORDS)
  for (let key = 1; key <= KEYS; key++) words[key * HOLDING_WORDS + KEY_LOW] = lowWord(key)
  return words
}

/** Records 1 to `KEYS`, whose keys all have the same tag. */
function recordsWithOneTag(): Int32Array {
  const words = recordsWith((key) => Math.imul(key, 0x85ebca6b))
  for (let key = 1; key <= KEYS; key++) words[key * HOLDING_WORDS + KEY_HIGH] = key
  return words
}

const step = fc.record({ key: fc.integer({ min: 1, max: KEYS }), add: fc.boolean() })
const steps = fc.noBias(fc.array(step, { minLength: 50, maxLength: 200, size: 'max' }))

const patterns = {
  spread: recordsWith(LOW_WORDS.spread),
  'around the end': recordsWith(LOW_WORDS['around the end']),
  'all equal': recordsWithOneTag(),
}

for (const [pattern, words] of Object.entries(patterns)) {
  test(`finds exactly what was added and not removed, tags ${pattern}`, () => {
    const low = (key: number) => words[key * HOLDING_WORDS + KEY_LOW]!
    const high = (key: number) => words[key * HOLDING_WORDS + KEY_HIGH]!
    fc.assert(
      fc.property(steps, fc.integer({ min: 0, max: 200 }), (all, resizeAt) => {
        const table = new KeyTable(KEYS)
        const model = new Map<number, number>()
        all.forEach(({ key, add }, step) => {
          if (step === resizeAt) table.resize(KEYS * 3)
          const holding = key * HOLDING_WORDS
          if (add) {
            table.findOrAdd(words, low(key), high(key), holding)
            model.set(key, holding)
          } else if (model.delete(key)) {
            table.remove(low(key), high(key), holding)
          }
          const found = KEY_NUMBERS.map((other) => table.find(words, low(other), high(other)))
          expect(found.join()).toBe(KEY_NUMBERS.map((other) => model.get(other) ?? 0).join())
        })
      }),
      { numRuns: 40 },
    )
  })
}

test('a full table still ends every search and every removal', () => {
  const words = recordsWith(LOW_WORDS.spread)
  const table = new KeyTable(KEYS)
  for (let key = 1; key <= KEYS; key++) {
    const at = key * HOLDING_WORDS
    table.findOrAdd(words, words[at + KEY_LOW]!, words[at + KEY_HIGH]!, at)
  }
  expect(table.find(words, 123, 456)).toBe(0)
  for (let key = 1; key <= KEYS; key++) {
    const at = key * HOLDING_WORDS
    table.remove(words[at + KEY_LOW]!, words[at + KEY_HIGH]!, at)
    expect(table.find(words, words[at + KEY_LOW]!, words[at + KEY_HIGH]!)).toBe(0)
  }
})

test('a replaced head is found in place of the old one', () => {
  const words = recordsWith(LOW_WORDS.spread)
  const at = 3 * HOLDING_WORDS
  const table = new KeyTable(KEYS)
  table.findOrAdd(words, words[at + KEY_LOW]!, words[at + KEY_HIGH]!, at)
  const twin = 4 * HOLDING_WORDS
  words[twin + KEY_LOW] = words[at + KEY_LOW]!
  words[twin + KEY_HIGH] = words[at + KEY_HIGH]!
  table.replace(words[at + KEY_LOW]!, words[at + KEY_HIGH]!, at, twin)
  expect(table.find(words, words[at + KEY_LOW]!, words[at + KEY_HIGH]!)).toBe(twin)
})

test('says how many bytes it takes', () => {
  const table = new KeyTable(100)
  expect(table.bytes).toBe(tagTableBytes(100))
  table.resize(1000)
  expect(table.bytes).toBe(tagTableBytes(1000))
})
