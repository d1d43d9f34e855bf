import { expect, test } from 'vitest'
import type { BlocksStored, KvEvent } from './kv-event.ts'
import { readPulledHead } from './pulled-head.ts'
import { PulledStream } from './pulled-stream.ts'

interface Told {
  readonly log: string[]
  readonly events: KvEvent[]
  readonly stream: PulledStream
  take(...entries: unknown[]): void
  stores(): BlocksStored[]
}

function stream(blockTokens: () => number | undefined = () => undefined): Told {
  const log: string[] = []
  const events: KvEvent[] = []
  const one = new PulledStream({
    blockTokens,
    deliver(batch) {
      log.push(`#${batch.seq}`)
      events.push(...batch.events)
    },
    restarted: () => log.push('restarted'),
    lost: ({ reason, missing }) => log.push(`${reason} ${missing}`),
  })
  return {
    log,
    events,
    stream: one,
    take: (...entries) => entries.forEach((entry) => one.take(entry, readPulledHead(entry))),
    stores: () => events.filter((event) => event.type === 'blocks-stored'),
  }
}

function entry(id: number, data: object, windowSize = 4096): object {
  return { event_id: id, data, window_size: windowSize }
}

function stored(id: number, sizes: readonly number[], windowSize?: number): object {
  const blocks = sizes.map((size, at) => ({
    block_hash: 10 * id + at,
    tokens: Array.from({ length: size }, (_, token) => ({ token_id: token })),
  }))
  return entry(id, { type: 'stored', parent_hash: null, blocks }, windowSize)
}

const created = (windowSize?: number, id = 0): object => entry(id, { type: 'created' }, windowSize)
const removed = (id: number): object => entry(id, { type: 'removed', block_hashes: [1] })

test('a block that may not be full waits until the events show how large full ones are', () => {
  const { log, take, stores } = stream()
  take(created(), stored(1, [9]), stored(2, [32]), removed(3))
  expect(log).toEqual(['#0'])
  take(stored(4, [32, 32, 5]))
  expect(log).toEqual(['#0', '#1', '#2', '#3', '#4'])
  // What is not full cannot be matched.
  expect(stores().map(({ blockHashes, blockSize }) => [blockHashes, blockSize])).toEqual([
    [[20n], 32],
    [[40n, 41n], 32],
  ])
})

test('the size that the engine tells elsewhere counts until events show another', () => {
  const { log, take, stores } = stream(() => 16)
  take(created(), stored(1, [16]), stored(2, [9]))
  expect(stores()).toMatchObject([{ blockHashes: [10n], blockSize: 16 }])
  take(stored(3, [32, 32]))
  expect(log).toEqual(['#0', '#1', '#2', 'undecodable undefined', '#3'])
  expect(stores().at(-1)).toMatchObject({ blockHashes: [30n, 31n], blockSize: 32 })
})

test('so many wait, and no more: then they are lost', () => {
  const { log, take, stream: one } = stream()
  take(created())
  for (let id = 1; id <= 257; id++) take(stored(id, [9]))
  expect(log).toEqual(['#0', 'undecodable 256'])
  take(stored(258, [32, 32]))
  expect(log.slice(2)).toEqual(['#257', '#258'])
  expect(one.counts).toMatchObject({ delivered: 3, losses: 1 })
})

test('layers that reach back less than others hold no whole prefixes', () => {
  const { log, take, stores } = stream()
  take(created(128), created(4096, 1), stored(2, [4, 4], 128), stored(3, [4, 4], 4096))
  expect(stores().map(({ groupIndex, groupKind }) => [groupIndex, groupKind])).toEqual([
    [128, 'sliding_window'],
    [4096, undefined],
  ])
  expect(log).toEqual(['#0', '#1', '#2', '#3'])
})

test('who comes late may take such layers for all there are, until others show', () => {
  const { log, take, stores } = stream()
  take(stored(7, [4, 4], 128), stored(8, [4, 4], 4096), stored(9, [4, 4], 128))
  expect(log).toEqual(['#7', 'undecodable undefined', '#8', '#9'])
  expect(stores().map(({ groupKind }) => groupKind)).toEqual([undefined, undefined, 'sliding_window'])
})

test('a new process may have other blocks and layers', () => {
  const { log, take, stores } = stream()
  take(created(8192), stored(1, [32, 32], 8192), created(4096), stored(1, [16, 16], 4096))
  expect(log).toEqual(['#0', '#1', 'restarted', '#0', '#1'])
  expect(stores().at(-1)).toMatchObject({ blockSize: 16, groupKind: undefined })
})

test('a loss is told once until something is known again', () => {
  const { log, take, stream: one } = stream()
  one.lose('undecodable', undefined)
  take(removed(5))
  one.lose('undecodable', undefined)
  one.lose('undecodable', undefined)
  expect(log).toEqual(['#5', 'undecodable undefined'])
  expect(one.counts.losses).toBe(3)
})
