import fc from 'fast-check'
import { expect, test } from 'vitest'
import { EventStream } from './event-stream.ts'
import type { EventMessage } from './message-frames.ts'
import { StreamPosition } from './stream-position.ts'

const TOPIC = new Uint8Array(0)

/** Message `seq` of an engine's process, whose content says both. */
function message(process: number, seq: number): EventMessage {
  const payload = new Uint8Array(24)
  const view = new DataView(payload.buffer)
  view.setUint32(4, process)
  view.setUint32(8, seq)
  return { topic: TOPIC, seq, payload }
}

function nameOf({ payload }: EventMessage): string {
  const view = new DataView(payload.buffer)
  return `${view.getUint32(4)}.${view.getUint32(8)}`
}

/** An engine whose live messages wait in a queue, while its history answers at once. */
class World {
  readonly said: string[] = []
  readonly stream: EventStream
  readonly queue: EventMessage[] = []
  process = 1
  history: EventMessage[] = []
  published = 0

  constructor(kept: number, lostAnswers: () => boolean) {
    this.#kept = kept
    this.stream = new EventStream({
      canReplay: () => true,
      replay: async (from, take) => {
        await Promise.resolve()
        for (const answer of this.history) {
          if (answer.seq < from || lostAnswers()) continue
          if (!take(answer)) return 'stopped'
        }
        return 'complete'
      },
      gaveUp: (end) => this.said.push(`gave up: ${JSON.stringify(end)}`),
      deliver: (one) => this.said.push(nameOf(one)) > 0,
      restarted: () => this.said.push('forget'),
      lost: () => this.said.push('forget'),
    })
  }

  readonly #kept: number

  publish(isLost: boolean): void {
    const one = message(this.process, this.published++)
    this.history.push(one)
    if (this.history.length > this.#kept) this.history.shift()
    if (!isLost) this.queue.push(one)
  }

  restart(): void {
    this.process++
    this.published = 0
    this.history = []
    this.stream.distrust()
  }

  /** What the owner believes that the engine published. */
  get believed(): string[] {
    return this.said.slice(this.said.lastIndexOf('forget') + 1)
  }

  get true(): string[] {
    return Array.from({ length: this.published }, (_, seq) => `${this.process}.${seq}`)
  }

  async read(): Promise<void> {
    const next = this.queue.shift()
    if (next !== undefined) await this.stream.receive(next)
  }
}

const step = fc.oneof(
  { weight: 8, arbitrary: fc.constant('publish') },
  { weight: 8, arbitrary: fc.constant('read') },
  { weight: 4, arbitrary: fc.constant('lose') },
  { weight: 1, arbitrary: fc.constant('restart') },
  { weight: 1, arbitrary: fc.constant('synchronize') },
)

async function play(world: World, steps: readonly string[]): Promise<void> {
  for (const one of steps) {
    if (one === 'publish' || one === 'lose') world.publish(one === 'lose')
    else if (one === 'restart') world.restart()
    else if (one === 'synchronize') await world.stream.synchronize()
    else await world.read()
  }
  while (world.queue.length > 0) await world.read()
  await world.stream.synchronize()
}

test('losses, lag and restarts in any order: the owner ends with all that the last process published, and no more', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 80 }), async (steps) => {
      const world = new World(Infinity, () => false)
      await play(world, steps)
      expect(world.believed).toEqual(world.true)
    }),
    { numRuns: 2000 },
  )
})

test('with a short history: the owner ends with a run of the last process up to its last message', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 80 }), fc.integer({ min: 2, max: 8 }), async (steps, kept) => {
      const world = new World(kept, () => false)
      await play(world, steps)
      const { believed } = world
      expect(believed).toEqual(world.true.slice(world.published - believed.length))
      expect(believed.length).toBeGreaterThanOrEqual(Math.min(kept, world.published))
    }),
    { numRuns: 2000 },
  )
})

test('answers of a replay that are lost on their way are asked for again', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), fc.integer({ min: 2, max: 9 }), async (steps, every) => {
      let answers = 0
      const world = new World(Infinity, () => ++answers % every === 0)
      await play(world, steps)
      const { believed } = world
      const from = world.true.indexOf(believed[0] ?? '')
      // An answer lost twice in a row is taken for lost for good; nothing is believed that is not a run of the truth.
      if (believed.length > 0) expect(believed).toEqual(world.true.slice(from, from + believed.length))
    }),
    { numRuns: 1000 },
  )
})

test('a history that stays empty is not believed for ever', async () => {
  const world = new World(0, () => false)
  await world.stream.synchronize()
  for (let round = 0; round < 20; round++) {
    world.publish(false)
    await world.read()
  }
  expect(world.said.filter((one) => one.startsWith('gave up'))).not.toEqual([])
  expect(world.said.at(-1)).toBe('1.19')
})

test('behind a long replay, old messages are duplicates while their numbers rise, and a restart is one again', () => {
  const position = new StreamPosition()
  for (let seq = 0; seq < 5000; seq++) position.take(message(1, seq))
  expect(position.place(message(1, 100), -1)).toBe('duplicate')
  expect(position.place(message(1, 101), 100)).toBe('duplicate')
  expect(position.place(message(1, 4990), 101)).toBe('duplicate')
  expect(position.place(message(2, 0), 4990)).toBe('restart')
  expect(position.place(message(2, 4990), 4990)).toBe('restart')
  expect(position.place(message(1, 5000), 4990)).toBe('next')
})
