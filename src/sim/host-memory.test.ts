import fc from 'fast-check'
import { expect, test } from 'vitest'
import { cutKeys } from './cut-keys.ts'
import { HostMemory } from './host-memory.ts'
import { PlaceTable } from './place-table.ts'
import { PromptTree } from './prompt-tree.ts'
import { ids, text } from './testing/small-scenario.ts'

test('the table of places does what a map does', () => {
  const key = fc.nat(40).map((number) => number * 1_000_003)
  const step = fc.record({ key, value: fc.option(fc.nat(99)) })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200, size: 'max' }), (steps) => {
      const table = new PlaceTable(41)
      const model = new Map<number, number>()
      for (const { key, value } of steps) {
        if (value === null) {
          table.delete(key)
          model.delete(key)
        } else {
          table.set(key, value)
          model.set(key, value)
        }
        expect(table.size).toBe(model.size)
        const keys = Array.from({ length: 41 }, (_, number) => number * 1_000_003)
        expect(keys.map((each) => table.get(each))).toEqual(keys.map((each) => model.get(each)))
      }
    }),
    { numRuns: 50 },
  )
})

test('host memory keeps what was used last', () => {
  const tree = new PromptTree([cutKeys([text(ids(0, 20))], Infinity, 32)])
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 8 }), fc.array(fc.nat(19), { maxLength: 100 }), (capacity, uses) => {
      const memory = new HostMemory(capacity, tree)
      let model: number[] = []
      for (const node of uses) {
        memory.use(node)
        model = [...model.filter((other) => other !== node), node].slice(-capacity)
        expect(memory.held).toBe(model.length)
        for (let from = 0; from < 20; from++) {
          let run = 0
          while (model.includes(from + run)) run++
          expect(memory.run(0, from, 20)).toBe(run)
        }
      }
    }),
    { numRuns: 50 },
  )
})

test('of a prompt that was loaded the end goes first', () => {
  const tree = new PromptTree([cutKeys([text(ids(0, 20))], Infinity, 32)])
  const memory = new HostMemory(5, tree)
  memory.touch(0, 0, 5)
  memory.use(19)
  expect(memory.run(0, 0, 20)).toBe(4)
})
