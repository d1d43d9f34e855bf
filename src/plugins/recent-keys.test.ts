import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { blockKeyNumber, createRecentKeys } from './recent-keys.ts'
import { keysOf } from './testing/request.ts'

const selections = fc.array(fc.uniqueArray(fc.nat(6), { maxLength: 3 }), { maxLength: 40 })

test('agrees with a list of the last selections', () => {
  fc.assert(
    fc.property(selections, fc.integer({ min: 1, max: 8 }), (history, window) => {
      const gone: number[] = []
      const recent = createRecentKeys(window, 3, (key) => gone.push(key))
      let list: number[][] = []
      const share = (key: number) => {
        const next = [...list, [key]].slice(-window)
        return next.filter((keys) => keys.includes(key)).length / next.length
      }
      for (const keys of history) {
        for (let key = 0; key < 7; key++) expect(recent.shareWithNext(key)).toBe(share(key))
        const before = new Set(list.flat())
        gone.length = 0
        recent.note(Float64Array.from(keys), keys.length)
        list = [...list, keys].slice(-window)
        const after = new Set(list.flat())
        expect(gone.toSorted()).toEqual([...before].filter((key) => !after.has(key)).toSorted())
      }
    }),
  )
})

test('different blocks have different numbers, equal ones equal', () => {
  const one = keysOf([1, 2, 3])
  const two = keysOf([1, 2, 4])
  expect(blockKeyNumber(one, 1)).toBe(blockKeyNumber(two, 1))
  expect(blockKeyNumber(one, 2)).not.toBe(blockKeyNumber(two, 2))
  expect(Number.isSafeInteger(blockKeyNumber({ count: 1, words: Uint32Array.of(0xffffffff, 0xffffffff) }, 0))).toBe(
    true,
  )
})
