import { expect, test } from 'vitest'
import { AdapterSlots } from './adapter-slots.ts'
import { type EngineLoad, ReportedLoad } from './engine-load.ts'
import { idleSignals } from './signals.ts'

const load = (over: Partial<EngineLoad> = {}): EngineLoad => ({
  waiting: 2,
  running: 5,
  waitingTokens: 900,
  kvUsage: 0.25,
  adapters: { running: ['a'], waiting: [], slots: 1 },
  at: 100,
  ...over,
})

function create(inFlight: number) {
  const signals = { ...idleSignals(), inFlight }
  const adapters = new AdapterSlots()
  return { signals, adapters, reported: new ReportedLoad(signals, adapters) }
}

test('what others sent is what is beyond the requests in flight at the reading', () => {
  const { signals, reported } = create(3)
  reported.take(load())
  expect(signals).toMatchObject({ engineWaiting: 2, engineRunning: 5, engineWaitingTokens: 900, engineKvUsage: 0.25 })
  expect(signals.foreignRequests).toBe(4)
  signals.inFlight = 9
  reported.refresh(101)
  expect(signals).toMatchObject({ foreignRequests: 4, readingAge: 1 })
  reported.take(load({ at: 102 }))
  expect(signals.foreignRequests).toBe(0)
})

test('what is not told is unknown, and so is what follows from it', () => {
  const { signals, reported } = create(0)
  reported.take(load({ waiting: undefined, kvUsage: undefined }))
  expect(signals).toMatchObject({ engineWaiting: undefined, engineKvUsage: undefined, foreignRequests: undefined })
  expect(signals.engineRunning).toBe(5)
})

test('a load that is too old is forgotten', () => {
  const { signals, adapters, reported } = create(0)
  reported.take(load())
  reported.refresh(110)
  expect(signals).toMatchObject({ readingAge: 10, engineRunning: 5 })
  expect(adapters.stateOf('b')).toBe('full')
  reported.refresh(110.1)
  expect(adapters.stateOf('b')).toBe('room')
  expect(signals).toEqual(idleSignals())
  reported.refresh(120)
  expect(signals.readingAge).toBeUndefined()
})
