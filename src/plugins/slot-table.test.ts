import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { createSlotTable } from './slot-table.ts'

test('behaves like a map from slot to the last endpoint and its number', () => {
  const steps = fc.array(fc.record({ slot: fc.nat(200), id: fc.constantFrom('a', 'b'), value: fc.double() }))
  fc.assert(
    fc.property(steps, (writes) => {
      const table = createSlotTable(-1)
      const model = new Map<number, { id: string; value: number }>()
      for (const { slot, id, value } of writes) {
        table.set({ slot, id }, value)
        model.set(slot, { id, value })
        for (const read of ['a', 'b']) {
          const known = model.get(slot)
          expect(table.get({ slot, id: read })).toBe(known?.id === read ? known.value : -1)
        }
      }
    }),
  )
})

test('an endpoint nobody wrote has the initial number', () => {
  expect(createSlotTable(7).get({ slot: 1000, id: 'x' })).toBe(7)
})
