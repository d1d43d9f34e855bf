import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { HOLDING_WORDS, KEY_HIGH, KEY_LOW } from './holding-pool.ts'
import { KeyTable, keyTableBytes } from './key-table.ts'

const KEYS = 40

/** Records 1 to `KEYS`, of which `collide` decides whether their keys all have the same tag. */
function recordsWithKeys(collide: boolean): Int32Array {
  const words = new Int32Array((KEYS + 1) * HOLDING_WORDS)
  for (let key = 1; key <= KEYS; key++) {
    words[key * HOLDING_WORDS + KEY_HIGH] = key
    words[key * HOLDING_WORDS + KEY_LOW] = collide ? Math.imul(key, 0x85ebca6b) : Math.imul(key, 0x2545f491)
  }
  return words
}

const steps = fc.array(fc.record({ key: fc.integer({ min: 1, max: KEYS }), add: fc.boolean() }), { maxLength: 200 })

for (const collide of [false, true]) {
  test(`finds exactly what was added and not removed, ${collide ? 'all tags equal' : 'tags spread'}`, () => {
    const words = recordsWithKeys(collide)
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
          for (let other = 1; other <= KEYS; other++) {
            expect(table.find(words, low(other), high(other))).toBe(model.get(other) ?? 0)
          }
        })
      }),
      { numRuns: 60 },
    )
  })
}

test('a full table still ends every search and every removal', () => {
  const words = recordsWithKeys(false)
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
  const words = recordsWithKeys(false)
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
  expect(table.bytes).toBe(keyTableBytes(100))
  table.resize(1000)
  expect(table.bytes).toBe(keyTableBytes(1000))
})
