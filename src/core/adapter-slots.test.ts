import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type AdapterReport, AdapterSlots } from './adapter-slots.ts'

const report = (over: Partial<AdapterReport> = {}): AdapterReport => ({ running: [], waiting: [], slots: 2, ...over })

function slots(first?: AdapterReport): AdapterSlots {
  const adapters = new AdapterSlots()
  if (first !== undefined) adapters.take(first)
  return adapters
}

describe('by what the engine says', () => {
  it('an adapter is loaded, has room, waits or finds all slots in use', () => {
    const adapters = slots(report({ running: ['a'] }))
    expect(['a', 'b'].map((name) => adapters.stateOf(name))).toEqual(['loaded', 'room'])
    adapters.take(report({ running: ['a', 'b'], waiting: ['c'] }))
    expect(['a', 'b', 'c', 'd'].map((name) => adapters.stateOf(name))).toEqual(['loaded', 'loaded', 'waiting', 'full'])
  })

  it('one whose requests have ended stays until another needs its slot', () => {
    const adapters = slots(report({ running: ['a', 'b'] }))
    adapters.take(report())
    expect(['a', 'b', 'c'].map((name) => adapters.stateOf(name))).toEqual(['loaded', 'loaded', 'room'])
    adapters.take(report({ running: ['b'] }))
    adapters.take(report({ running: ['c'] }))
    expect(['a', 'b', 'c'].map((name) => adapters.stateOf(name))).toEqual(['room', 'loaded', 'loaded'])
  })

  it('nothing is known before, and the requests of an old report are forgotten', () => {
    const adapters = slots()
    expect(adapters.stateOf('a')).toBeUndefined()
    adapters.take(report({ running: ['a'], waiting: ['b', 'c'] }))
    expect(adapters.stateOf('d')).toBe('full')
    adapters.forgetReport()
    expect(['a', 'd'].map((name) => adapters.stateOf(name))).toEqual(['loaded', 'room'])
    adapters.forget()
    expect([adapters.stateOf('a'), adapters.slots]).toEqual([undefined, undefined])
  })
})

describe('by what this router sent', () => {
  it('an adapter is in its slot from the moment of the first request, where there is room', () => {
    const adapters = slots(report({ slots: 1 }))
    adapters.begin('a')
    expect(['a', 'b'].map((name) => adapters.stateOf(name))).toEqual(['loaded', 'full'])
    adapters.begin('b')
    expect(['a', 'b', 'c'].map((name) => adapters.stateOf(name))).toEqual(['loaded', 'waiting', 'full'])
    adapters.end('a', true)
    adapters.ran('b')
    expect(['a', 'b'].map((name) => adapters.stateOf(name))).toEqual(['full', 'loaded'])
    adapters.end('b', true)
    expect(['a', 'b'].map((name) => adapters.stateOf(name))).toEqual(['room', 'loaded'])
  })

  it('a report does not keep the slot of a request that has ended since', () => {
    const adapters = slots(report({ slots: 1 }))
    adapters.begin('a')
    adapters.take(report({ slots: 1, running: ['a'] }))
    expect(adapters.stateOf('b')).toBe('full')
    adapters.end('a', true)
    expect(adapters.stateOf('b')).toBe('room')
  })

  it('a request that failed says nothing about slots', () => {
    const adapters = slots(report({ slots: 1, running: ['a'] }))
    adapters.begin('b')
    adapters.end('b', false)
    expect(adapters.held).toEqual(['a'])
  })

  it('while nobody says how many slots there are, those in use and the one used last are loaded', () => {
    const adapters = slots()
    adapters.begin('a')
    expect(adapters.stateOf('a')).toBeUndefined()
    for (const name of ['a', 'b']) adapters.ran(name)
    adapters.begin('b')
    expect(['a', 'b'].map((name) => adapters.stateOf(name))).toEqual(['loaded', 'loaded'])
    for (const name of ['a', 'b']) adapters.end(name, true)
    expect(['a', 'b', 'c'].map((name) => adapters.stateOf(name))).toEqual([undefined, 'loaded', undefined])
  })
})

describe('whatever happens', () => {
  const name = fc.constantFrom('a', 'b', 'c', 'd')
  const names = fc.uniqueArray(name, { maxLength: 3 })
  const step = fc.oneof(
    fc.record({ kind: fc.constantFrom('begin', 'ran', 'served', 'failed'), name }),
    fc.record({ kind: fc.constant('report'), running: names, waiting: names, slots: fc.constantFrom(1, 2, 3) }),
    fc.record({ kind: fc.constant('old') }),
  )

  it('no more are loaded than there are slots, and room is where those with requests leave a slot', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const adapters = slots()
        const inFlight: string[] = []
        let most: number | undefined
        let others: readonly string[] = []
        for (const each of steps) {
          if ('running' in each) {
            adapters.take(each)
            most = each.slots
            others = [...each.running, ...each.waiting].filter((one) => !inFlight.includes(one))
          } else if (!('name' in each)) {
            adapters.forgetReport()
            others = []
          } else if (each.kind === 'begin') {
            adapters.begin(each.name)
            inFlight.push(each.name)
          } else if (inFlight.includes(each.name)) {
            if (each.kind === 'ran') adapters.ran(each.name)
            else {
              adapters.end(each.name, each.kind === 'served')
              inFlight.splice(inFlight.indexOf(each.name), 1)
            }
          }
          if (most === undefined) continue
          const busy = new Set([...inFlight, ...others])
          expect(adapters.held.length).toBeLessThanOrEqual(most)
          for (const one of ['a', 'b', 'c', 'd']) {
            const unheld = busy.size < most ? 'room' : busy.has(one) ? 'waiting' : 'full'
            expect(adapters.stateOf(one)).toBe(adapters.held.includes(one) ? 'loaded' : unheld)
          }
        }
      }),
    )
  })
})
