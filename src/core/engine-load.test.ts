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

test("what has ended or begun since the engine was asked is not taken for others' requests", () => {
  const { signals, reported } = create(1)
  reported.take(load({ ownBefore: 6 }))
  expect(signals.foreignRequests).toBe(1)
  reported.take(load({ ownBefore: 0, at: 101 }))
  expect(signals.foreignRequests).toBe(6)
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

test('a remark brings what it tells, and leaves the rest as it was told last', () => {
  const { signals, adapters, reported } = create(3)
  reported.take(load())
  signals.inFlight = 9
  reported.remark({ waiting: 7, running: undefined, kvUsage: undefined, at: 101 })
  reported.refresh(102)
  expect(signals).toMatchObject({
    engineWaiting: 7,
    engineRunning: 5,
    engineKvUsage: 0.25,
    engineWaitingTokens: 900,
    foreignRequests: 4,
    readingAge: 1,
  })
  expect(adapters.stateOf('a')).toBe('loaded')
  reported.remark({ waiting: 7, running: 6, kvUsage: 0.5, at: 103 })
  expect(signals).toMatchObject({ engineRunning: 6, engineKvUsage: 0.5, foreignRequests: 4 })
})

test('a remark that tells nothing leaves the age as it was', () => {
  const { signals, reported } = create(0)
  reported.take(load())
  reported.remark({ waiting: undefined, running: undefined, kvUsage: undefined, at: 105 })
  reported.refresh(106)
  expect(signals).toMatchObject({ engineWaiting: 2, readingAge: 6 })
})

test('remarks do not keep alive what they do not tell', () => {
  const { signals, reported } = create(0)
  reported.take(load())
  for (const at of [105, 110]) reported.remark({ waiting: 1, running: undefined, kvUsage: undefined, at })
  expect(signals).toMatchObject({ engineRunning: 5, foreignRequests: 7 })
  reported.remark({ waiting: 1, running: undefined, kvUsage: undefined, at: 111 })
  reported.refresh(111)
  expect(signals).toMatchObject({
    engineWaiting: 1,
    engineRunning: undefined,
    engineKvUsage: undefined,
    engineWaitingTokens: undefined,
    foreignRequests: undefined,
    readingAge: 0,
  })
})
