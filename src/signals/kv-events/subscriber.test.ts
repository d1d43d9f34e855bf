import fc from 'fast-check'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { connect, createServer as createTcpServer, type Socket } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { decodeVllm } from './decode-vllm.ts'
import { createVllmEncoder } from './encode-vllm.ts'
import { PLAIN_REMOVAL } from './kv-event.ts'
import type { Loss, Silence, StreamProblem } from './kv-event-handlers.ts'
import { type Fate, KvEventPublisher, type PublisherOptions } from './publisher.ts'
import { ReplaySlots } from './replay-slots.ts'
import type { SubscriberOptions } from './subscriber-options.ts'
import { KvEventSubscriber } from './subscriber.ts'
import { loadZeromq } from './zeromq-socket.ts'

const LOOPBACK = 'tcp://127.0.0.1:*'
const encode = createVllmEncoder()
const open: (Disposable | AsyncDisposable)[] = []

afterEach(async () => {
  for (const one of open.splice(0).toReversed()) {
    if (Symbol.dispose in one) one[Symbol.dispose]()
    else await one[Symbol.asyncDispose]()
  }
})

/** Block hash `hash` removed: the smallest message that can be told from all others. */
function message(hash: number, timestamp = 1000 + hash): Uint8Array {
  const event = { type: 'blocks-removed', blockHashes: [BigInt(hash)], ...PLAIN_REMOVAL } as const
  return encode({ timestamp, events: [event] })
}

/** Everything a subscriber said, in order: hashes, and words for the rest. */
interface Heard {
  readonly log: (number | string)[]
  readonly losses: Loss[]
  readonly problems: StreamProblem[]
  readonly silences: Silence[]
  /** Whether there is a connection, each time it was told, and what had been told last before. */
  readonly connections: { readonly connected: boolean; readonly after: number | string | undefined }[]
  readonly subscriber: KvEventSubscriber
}

async function publish(options: Partial<PublisherOptions> = {}): Promise<KvEventPublisher> {
  const publisher = await KvEventPublisher.start({ address: LOOPBACK, ...options })
  open.push(publisher)
  return publisher
}

async function follow(options: Partial<SubscriberOptions> & { readonly address: string }): Promise<Heard> {
  const log: (number | string)[] = []
  const losses: Loss[] = []
  const problems: StreamProblem[] = []
  const silences: Silence[] = []
  const connections: Heard['connections'] = []
  const subscriber = await KvEventSubscriber.start(
    { endpoint: 'a', decode: decodeVllm, ...options },
    {
      onBatch: ({ events }, topic) => {
        for (const event of events) {
          const hash = event.type === 'blocks-removed' ? Number(event.blockHashes[0]) : event.type
          log.push(topic === '' ? hash : `${topic}:${hash}`)
        }
      },
      onRestarted: () => log.push('restarted'),
      onLost: (loss) => {
        log.push('lost')
        losses.push(loss)
      },
      onConnected: (connected) => connections.push({ connected, after: log.at(-1) }),
      onSilent: (silence) => silences.push(silence),
      onProblem: (problem) => problems.push(problem),
    },
  )
  open.push(subscriber)
  return { log, losses, problems, silences, connections, subscriber }
}

async function until(condition: () => boolean, what = 'it'): Promise<void> {
  const end = performance.now() + 5000
  while (!condition()) {
    if (performance.now() > end) throw new Error(`${what} did not happen within 5 s`)
    await pause(3)
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

/** Connected, and the subscription has reached the publisher. */
async function ready({ subscriber }: Heard): Promise<void> {
  await until(() => subscriber.connected, 'a connection')
  await pause(30)
}

function numbers(count: number, from = 0): number[] {
  return Array.from({ length: count }, (_, at) => from + at)
}

/** Passes bytes between a subscriber and a publisher until it is told to swallow them, as a broken network does. */
async function relay(address: string): Promise<{ readonly address: string; silent: boolean }> {
  const { port, hostname: host } = new URL(address)
  const passing = { address: '', silent: false }
  const sockets = new Set<Socket>()
  const pass = (from: Socket, to: Socket): void => {
    sockets.add(from)
    from.on('data', (bytes) => void (passing.silent || to.write(bytes)))
    from.on('error', () => to.destroy())
    from.on('close', () => to.destroy())
  }
  const server = createTcpServer((near) => {
    const far = connect({ host, port: Number(port) })
    pass(near, far)
    pass(far, near)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const bound = server.address()
  passing.address = `tcp://127.0.0.1:${typeof bound === 'object' ? bound?.port : ''}`
  open.push({
    [Symbol.dispose]() {
      for (const socket of sockets) socket.destroy()
      server.close()
    },
  })
  return passing
}

test('a connection over which nothing comes any more counts as broken, and one over which heartbeats come does not', async () => {
  const publisher = await publish()
  const between = await relay(publisher.address)
  const heard = await follow({ address: between.address, heartbeat: { interval: 0.1, timeout: 0.2 } })
  await ready(heard)
  await pause(500)
  expect(heard.connections).toEqual([{ connected: true, after: undefined }])
  between.silent = true
  await until(() => !heard.subscriber.connected, 'the end of the connection')
  between.silent = false
  await until(() => heard.subscriber.connected, 'another connection')
  // What is published before the publisher knows of the subscription is lost.
  await until(() => {
    publisher.publish(message(7))
    return heard.log.includes(7)
  }, 'a message over it')
})

test('without a history, what a new connection is worth shows with its first message', async () => {
  const first = await publish()
  const heard = await follow({ address: first.address })
  await ready(heard)
  first.publish(message(1))
  await until(() => heard.log.length === 1)
  await first[Symbol.asyncDispose]()
  await until(() => !heard.subscriber.connected, 'the end of the connection')
  const second = await again({ address: first.address })
  await ready(heard)
  expect(heard.connections.map(({ connected }) => connected)).toEqual([true, false])
  second.publish(message(5))
  await until(() => heard.connections.length === 3, 'trust in the connection')
  expect(heard.log).toEqual([1, 'restarted', 5])
  expect(heard.connections.at(-1)).toEqual({ connected: true, after: 5 })
})

test('batches arrive in order with their numbers, and nothing else is said', async () => {
  const publisher = await publish({ topic: 'kv@a' })
  const heard = await follow({ address: publisher.address, topic: 'kv@' })
  await ready(heard)
  for (const hash of numbers(50)) publisher.publish(message(hash))
  await until(() => heard.log.length >= 50)
  expect(heard.log).toEqual(numbers(50))
  expect(heard.problems).toEqual([])
  expect(heard.subscriber.counts).toMatchObject({ messages: 50, delivered: 50, duplicates: 0, losses: 0 })
})

test('what was published before the subscription comes by replay, with and without the topic frame', async () => {
  for (const replayFrames of [3, 4] as const) {
    const publisher = await publish({ replay: LOOPBACK, replayFrames, topic: 'x' })
    for (const hash of numbers(20)) publisher.publish(message(hash))
    const heard = await follow({ address: publisher.address, replay: publisher.replayAddress ?? '' })
    await until(() => heard.log.length >= 20)
    await pause(20)
    for (const hash of numbers(5, 20)) publisher.publish(message(hash))
    await until(() => heard.log.length >= 25)
    expect(heard.log).toEqual(numbers(25))
    expect(heard.losses).toEqual([])
  }
})

test('a gap is filled by replay', async () => {
  const publisher = await publish({ replay: LOOPBACK, fate: (seq) => (seq > 3 && seq < 8 ? 'drop' : 'send') })
  const heard = await follow({ address: publisher.address, replay: publisher.replayAddress ?? '' })
  await ready(heard)
  for (const hash of numbers(12)) publisher.publish(message(hash))
  await until(() => heard.log.length >= 12)
  expect(heard.log).toEqual(numbers(12))
  expect(heard.subscriber.counts.losses).toBe(0)
})

test('a gap without replay is a loss, told before what follows; a late message is no restart', async () => {
  const fates: Record<number, Fate> = { 2: 'drop', 3: 'drop', 5: 'hold' }
  const publisher = await publish({ fate: (seq) => fates[seq] ?? 'send' })
  const heard = await follow({ address: publisher.address })
  await ready(heard)
  for (const hash of numbers(8)) publisher.publish(message(hash))
  await until(() => heard.log.includes(7))
  expect(heard.log).toEqual([0, 1, 'lost', 4, 'lost', 6, 7])
  expect(heard.losses[0]).toEqual({ reason: 'no-replay', missing: 2, topic: '' })
})

test('a history that does not reach back is a loss', async () => {
  const publisher = await publish({
    replay: LOOPBACK,
    bufferSteps: 3,
    fate: (seq) => (seq > 1 && seq < 9 ? 'drop' : 'send'),
  })
  const heard = await follow({ address: publisher.address, replay: publisher.replayAddress ?? '' })
  await ready(heard)
  for (const hash of numbers(2)) publisher.publish(message(hash))
  await until(() => heard.log.includes(1))
  for (const hash of numbers(8, 2)) publisher.publish(message(hash))
  await until(() => heard.log.includes(9))
  expect(heard.log).toEqual([0, 1, 'lost', 7, 8, 9])
  expect(heard.losses).toEqual([{ reason: 'history-too-short', missing: 5, topic: '' }])
})

test('a replay socket that does not answer is given up, told once, and left alone for a while', async () => {
  const zeromq = await loadZeromq()
  const silent = zeromq.router()
  await silent.bind(LOOPBACK)
  open.push({ [Symbol.dispose]: () => silent.close() })
  const publisher = await publish({ fate: (seq) => (seq % 3 === 1 ? 'drop' : 'send') })
  const heard = await follow({
    address: publisher.address,
    replay: silent.lastEndpoint ?? '',
    replayLimits: { idle: 0.02 },
  })
  await ready(heard)
  await until(() => heard.problems.length === 1)
  for (const hash of numbers(7)) publisher.publish(message(hash))
  await until(() => heard.log.includes(6))
  expect(heard.log).toEqual([0, 'lost', 2, 3, 'lost', 5, 6])
  expect(heard.problems.map(({ kind }) => kind)).toEqual(['replay'])
  expect(heard.subscriber.counts.replays).toBe(3)
})

test('a number that goes back is a restart; with a replay nothing of the new process is missed', async () => {
  for (const replay of [undefined, LOOPBACK]) {
    const publisher = await publish({ ...(replay && { replay }) })
    const heard = await follow({
      address: publisher.address,
      ...(publisher.replayAddress !== undefined && { replay: publisher.replayAddress }),
    })
    await ready(heard)
    for (const hash of numbers(5)) publisher.publish(message(hash))
    await until(() => heard.log.length === 5)
    publisher.restart()
    for (const hash of numbers(3, 100)) publisher.publish(message(hash))
    await until(() => heard.log.includes(102))
    expect(heard.log).toEqual([...numbers(5), 'restarted', 100, 101, 102])
  }
})

test('an engine that was restarted and is already further than before is found out by replay', async () => {
  let muted = false
  const publisher = await publish({ replay: LOOPBACK, fate: () => (muted ? 'drop' : 'send') })
  const heard = await follow({ address: publisher.address, replay: publisher.replayAddress ?? '' })
  await ready(heard)
  for (const hash of numbers(3)) publisher.publish(message(hash))
  await until(() => heard.log.length === 3)
  publisher.restart()
  muted = true
  for (const hash of numbers(6, 100)) publisher.publish(message(hash))
  muted = false
  publisher.publish(message(106))
  await until(() => heard.log.includes(106))
  expect(heard.log).toEqual([0, 1, 2, 'restarted', ...numbers(7, 100)])
})

test('a process that died and came back at the same address is noticed without any new message', async () => {
  const first = await publish({ replay: LOOPBACK })
  const addresses = { address: first.address, replay: first.replayAddress ?? '' }
  const heard = await follow(addresses)
  await ready(heard)
  for (const hash of numbers(4)) first.publish(message(hash))
  await until(() => heard.log.length === 4)
  await first[Symbol.asyncDispose]()
  await until(() => !heard.subscriber.connected, 'the end of the connection')
  const second = await again(addresses)
  await until(() => heard.connections.length === 3, 'another connection')
  expect(heard.connections).toEqual([
    { connected: true, after: undefined },
    { connected: false, after: 3 },
    { connected: true, after: 'restarted' },
  ])
  second.publish(message(50))
  await until(() => heard.log.includes(50))
  expect(heard.log).toEqual([0, 1, 2, 3, 'restarted', 50])
})

async function again(addresses: { readonly address: string; readonly replay?: string }): Promise<KvEventPublisher> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await publish(addresses)
    } catch (error) {
      if (attempt > 100) throw error
      await pause(20)
    }
  }
}

test('publishers that dial in are told apart by topic, and a restart of one leaves the others alone', async () => {
  const heard = await follow({ address: LOOPBACK, bind: true })
  const { address } = heard.subscriber
  const publishers = await Promise.all(['kv@a', 'kv@b'].map((topic) => publish({ address, connect: true, topic })))
  await pause(150)
  const [a, b] = publishers
  for (const hash of numbers(3)) {
    a?.publish(message(hash))
    await a?.flush()
    b?.publish(message(hash + 10))
    await b?.flush()
  }
  await until(() => heard.log.length === 6)
  b?.restart()
  b?.publish(message(99))
  await until(() => heard.log.includes('kv@b:99'))
  expect(heard.log.filter((entry) => String(entry).startsWith('kv@a'))).toEqual(['kv@a:0', 'kv@a:1', 'kv@a:2'])
  expect(heard.log.slice(-2)).toEqual(['restarted', 'kv@b:99'])
})

test('a subscription that is called off while its address is being bound does not begin', async () => {
  const controller = new AbortController()
  const options = {
    address: LOOPBACK,
    bind: true,
    signal: controller.signal,
    // Asked for after the signal and before the bind.
    get topic() {
      controller.abort(new Error('called off'))
      return ''
    },
  }
  const handlers = { onBatch() {}, onRestarted() {}, onLost() {}, onConnected() {}, onSilent() {}, onProblem() {} }
  const started = KvEventSubscriber.start(Object.assign(options, { endpoint: 'a', decode: decodeVllm }), handlers)
  await expect(started).rejects.toThrow('called off')
})

test('ranks publish at ports of their own', async () => {
  const publisher = await publish()
  const port = Number(publisher.address.split(':').at(-1))
  const heard = await follow({ address: `tcp://127.0.0.1:${port - 3}`, rank: 3 })
  await ready(heard)
  publisher.publish(message(1))
  await until(() => heard.log.length === 1)
})

test('garbage is told once with what was expected and found, and does no harm', async () => {
  const zeromq = await loadZeromq()
  const socket = zeromq.publisher()
  await socket.bind(LOOPBACK)
  open.push({ [Symbol.dispose]: () => socket.close() })
  const heard = await follow({ address: socket.lastEndpoint ?? '' })
  await ready(heard)
  const seq = (at: number) => Buffer.from([0, 0, 0, 0, 0, 0, 0, at])
  for (let round = 0; round < 20; round++) await socket.send('{"hello":"world"}')
  for (let round = 0; round < 20; round++) await socket.send(['', 'short', message(1)])
  await socket.send(['', seq(0), message(7)])
  for (let round = 1; round < 20; round++) await socket.send(['', seq(round), 'no msgpack at all'])
  await socket.send(['', seq(20), message(8)])
  await until(() => heard.log.includes(8))
  expect(heard.log).toEqual([7, 'lost', 8])
  expect(heard.problems.map(({ kind }) => kind)).toEqual(['frames', 'payload'])
  expect(heard.problems[0]?.message).toContain('found 1 frame of 17 bytes')
  expect(heard.problems[0]?.message).toContain('expected three frames')
  expect(heard.problems[1]?.message).toContain('no msgpack at al')
  expect(heard.subscriber.counts).toMatchObject({ garbage: 40, undecodable: 19 })
})

test('a peer that speaks another protocol is told once', async () => {
  const server = createServer((_request, response) => response.end())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  open.push({ [Symbol.dispose]: () => server.close() })
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : undefined
  const heard = await follow({ address: `tcp://127.0.0.1:${port}` })
  await until(() => heard.problems.length > 0, 'a problem')
  await pause(300)
  expect(heard.problems.map(({ kind }) => kind)).toEqual(['connection'])
  expect(heard.problems[0]?.message).toContain(`at tcp://127.0.0.1:${port}`)
})

test('the replay socket in the place of the publisher is told once, and the publisher found when it comes there', async () => {
  const swapped = await publish({ replay: LOOPBACK })
  const address = swapped.replayAddress ?? ''
  const heard = await follow({ address })
  await until(() => heard.problems.length > 0, 'a problem')
  expect(heard.problems).toMatchObject([{ kind: 'connection', message: expect.stringContaining('address and replay') }])
  await swapped[Symbol.asyncDispose]()
  const publisher = await publish({ address })
  await ready(heard)
  publisher.publish(message(7))
  await until(() => heard.log.includes(7), 'the message')
  expect(heard.problems).toHaveLength(1)
})

test('bytes of all kinds sent to a bound socket do no harm', async () => {
  const heard = await follow({ address: LOOPBACK, bind: true })
  const port = Number(heard.subscriber.address.split(':').at(-1))
  for (const bytes of ['GET / HTTP/1.1\r\n\r\n', '\xff\x00\x00\x00\x00\x00\x00\x00\x01\x7f', '\x00'.repeat(300)]) {
    const socket = connect(port, '127.0.0.1')
    socket.on('error', () => {})
    socket.write(Buffer.from(bytes, 'latin1'))
    await pause(20)
    socket.destroy()
  }
  const publisher = await publish({ address: heard.subscriber.address, connect: true })
  await pause(150)
  publisher.publish(message(3))
  await until(() => heard.log.includes(3))
})

test('silence is told once while the endpoint serves, with a reason, and again after events', async () => {
  let serving = false
  const publisher = await publish()
  const heard = await follow({ address: publisher.address, silence: { after: 0.1, serving: () => serving } })
  await ready(heard)
  await pause(250)
  expect(heard.silences).toEqual([])
  serving = true
  await until(() => heard.silences.length === 1)
  await pause(250)
  expect(heard.silences).toHaveLength(1)
  expect(heard.silences[0]).toMatchObject({ connected: true })
  expect(heard.silences[0]?.message).toContain('--kv-events-config')
  publisher.publish(message(1))
  await until(() => heard.silences.length === 2)
})

test('messages lost at the very end are found when silence falls', async () => {
  const publisher = await publish({ replay: LOOPBACK, fate: (seq) => (seq === 2 ? 'drop' : 'send') })
  const heard = await follow({
    address: publisher.address,
    replay: publisher.replayAddress ?? '',
    silence: { after: 0.1, serving: () => true },
  })
  await ready(heard)
  for (const hash of numbers(3)) publisher.publish(message(hash))
  await until(() => heard.log.includes(2))
  expect(heard.log).toEqual([0, 1, 2])
  expect(heard.silences).toEqual([])
})

test('a handler that throws is told once, and the stream goes on', async () => {
  const publisher = await publish()
  const problems: string[] = []
  let calls = 0
  const subscriber = await KvEventSubscriber.start(
    { endpoint: 'a', address: publisher.address, decode: decodeVllm },
    {
      onBatch: () => {
        calls++
        throw new Error('broken owner')
      },
      onRestarted: () => {},
      onLost: () => {},
      onProblem: ({ message: text }) => problems.push(text),
    },
  )
  open.push(subscriber)
  await until(() => subscriber.connected)
  await pause(30)
  for (const hash of numbers(5)) publisher.publish(message(hash))
  await until(() => calls === 5)
  expect(problems).toHaveLength(1)
  expect(problems[0]).toContain('broken owner')
})

test('after the signal nothing is said any more', async () => {
  const abort = new AbortController()
  const publisher = await publish({ replay: LOOPBACK })
  const heard = await follow({
    address: publisher.address,
    replay: publisher.replayAddress ?? '',
    signal: abort.signal,
  })
  await ready(heard)
  publisher.publish(message(1))
  await until(() => heard.log.length === 1)
  abort.abort()
  publisher.publish(message(2))
  await pause(50)
  expect(heard.log).toEqual([1])
  expect(heard.problems).toEqual([])
})

test('disposing in the middle of a replay ends it without a word', async () => {
  const zeromq = await loadZeromq()
  const silent = zeromq.router()
  await silent.bind(LOOPBACK)
  open.push({ [Symbol.dispose]: () => silent.close() })
  const publisher = await publish()
  const replaySlots = new ReplaySlots(1)
  const heard = await follow({ address: publisher.address, replay: silent.lastEndpoint ?? '', replaySlots })
  await ready(heard)
  publisher.publish(message(0))
  await pause(20)
  expect(heard.log).toEqual([])
  heard.subscriber[Symbol.dispose]()
  await replaySlots.run(() => Promise.resolve())
  expect(heard).toMatchObject({ log: [], problems: [] })
})

test('a wrong address is refused with a word about it', async () => {
  await expect(follow({ address: 'tcp://127.0.0.1:65535', rank: 1 })).rejects.toThrow('at most 65535')
  await expect(follow({ address: 'nonsense' })).rejects.toThrow()
})

test('whatever is dropped, doubled, reordered or restarted: with a replay the owner ends with the exact set', async () => {
  const fate = fc.constantFrom<Fate>('send', 'send', 'send', 'drop', 'duplicate', 'hold')
  const step = fc.oneof({ weight: 30, arbitrary: fate }, { weight: 1, arbitrary: fc.constant('restart' as const) })
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 60 }), fc.constantFrom(3, 4), async (steps, frames) => {
      const fates: Fate[] = []
      await using publisher = await KvEventPublisher.start({
        address: LOOPBACK,
        replay: LOOPBACK,
        replayFrames: frames === 3 ? 3 : 4,
        fate: () => fates.shift() ?? 'send',
      })
      const heard = await follow({ address: publisher.address, replay: publisher.replayAddress ?? '' })
      using subscriber = heard.subscriber
      await until(() => subscriber.connected)
      let expected: number[] = []
      let restarted = false
      steps.forEach((one, at) => {
        if (one === 'restart') {
          publisher.restart()
          expected = []
          restarted = true
          return
        }
        // A real restart breaks the connection too. Here only the first number that is too low shows it.
        fates.push(restarted ? 'send' : one)
        restarted = false
        publisher.publish(message(at))
        expected.push(at)
      })
      publisher.publish(message(steps.length))
      expected.push(steps.length)
      await publisher.flush()
      await until(() => heard.log.includes(steps.length), 'the last message')
      const since = Math.max(heard.log.lastIndexOf('restarted'), heard.log.lastIndexOf('lost')) + 1
      expect(heard.log.slice(since)).toEqual(expected)
      expect(heard.problems).toEqual([])
    }),
    { numRuns: 40 },
  )
})
