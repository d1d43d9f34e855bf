import { fork } from 'node:child_process'
import { deepStrictEqual } from 'node:assert/strict'
import { cpus } from 'node:os'
import type { BlockHash } from '../src/signals/kv-events/block-hash.ts'
import { type BlocksStored, type DecodeBatch, type KvEvent, PLAIN_STORE } from '../src/signals/kv-events/kv-event.ts'
import { decodeSglang } from '../src/signals/kv-events/decode-sglang.ts'
import { decodeVllm } from '../src/signals/kv-events/decode-vllm.ts'
import { createSglangEncoder } from '../src/signals/kv-events/encode-sglang.ts'
import { createVllmEncoder } from '../src/signals/kv-events/encode-vllm.ts'
import { KvEventPublisher } from '../src/signals/kv-events/publisher.ts'
import { KvEventSubscriber } from '../src/signals/kv-events/subscriber.ts'
import { ExactIndex } from '../src/prefix/exact-index.ts'
import { createRandom } from '../src/workload/random.ts'

/** One prompt part as engines publish it: so many blocks of so many tokens in an event. */
const BLOCKS = 16
const BLOCK_SIZE = 16
const EVENTS_PER_BATCH = 4
const MESSAGES = 40_000
const MIB = 1024 * 1024
/** Events received, decoded and taken into the index in a second of one core. */
const LEAST_EVENTS = 10_000
const LOOPBACK = 'tcp://127.0.0.1:*'

type Print = (line: string) => void

const random = createRandom(7)

function randomHash(bytes: number): bigint {
  let hash = 0n
  for (let word = 0; word < bytes; word += 4) hash = (hash << 32n) | BigInt(Math.floor(random() * 2 ** 32))
  return hash
}

function storedEvent(hashBytes: number, parentHash: BlockHash | undefined): BlocksStored {
  return {
    type: 'blocks-stored',
    blockHashes: Array.from({ length: BLOCKS }, () => randomHash(hashBytes)),
    parentHash,
    tokenIds: Uint32Array.from({ length: BLOCKS * BLOCK_SIZE }, () => random() * 150_000),
    blockSize: BLOCK_SIZE,
    tier: 'gpu',
    ...PLAIN_STORE,
  }
}

/** The events of one message: a prompt that nobody has seen yet, one part behind the other. */
function events(hashBytes = 8): KvEvent[] {
  const made: KvEvent[] = []
  let parent: BlockHash | undefined
  for (let at = 0; at < EVENTS_PER_BATCH; at++) {
    const event = storedEvent(hashBytes, parent)
    parent = event.blockHashes.at(-1)
    made.push(event)
  }
  return made
}

/** CPU time of this process in seconds, ZeroMQ's own thread included: other processes' work does not count. */
function cpuSeconds(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}

/** Events a core decodes in a second, from the CPU time of this process. */
function decodeRate(payload: Uint8Array, decode: DecodeBatch, expected: readonly KvEvent[]): number {
  const decoded = decode(payload)
  deepStrictEqual(decoded.ok && decoded.batch.events, expected)
  const run = (seconds: number): number => {
    const start = cpuSeconds()
    let rounds = 0
    do for (let burst = 0; burst < 500; burst++, rounds++) decode(payload, rounds)
    while (cpuSeconds() - start < seconds)
    return (rounds * EVENTS_PER_BATCH) / (cpuSeconds() - start)
  }
  run(0.3)
  return run(1)
}

/** Prints how many events a core decodes in a second, for each engine and encoding. */
export function benchDecode(print: Print): void {
  const long = events(32)
  const short = events()
  const cases: readonly [string, Uint8Array, DecodeBatch, readonly KvEvent[]][] = [
    ['vLLM, maps', createVllmEncoder()({ timestamp: 1.5, events: short }), decodeVllm, short],
    ['vLLM, positional', createVllmEncoder({ shape: 'array' })({ timestamp: 1.5, events: short }), decodeVllm, short],
    [
      'vLLM, maps, digests of 32 bytes',
      createVllmEncoder({ hash: { bytes: 32 } })({ timestamp: 1.5, events: long }),
      decodeVllm,
      long,
    ],
    ['SGLang, maps', createSglangEncoder()({ timestamp: 1.5, events: short }), decodeSglang, short],
  ]
  print(`Decoding, events of ${BLOCKS} blocks with ${BLOCK_SIZE} tokens, ${EVENTS_PER_BATCH} in a message`)
  for (const [name, payload, decode, expected] of cases) {
    const rate = decodeRate(payload, decode, expected)
    const blocks = (rate * BLOCKS) / 1e6
    print(`  ${name.padEnd(34)} ${rate.toFixed(0).padStart(8)} events/s a core, ${blocks.toFixed(2)} million blocks/s`)
  }
}

/** Publishes from a process of its own, so that only receiving counts here. */
async function publishFor(parent: NodeJS.Process, messages: number): Promise<void> {
  await using publisher = await KvEventPublisher.start({ address: LOOPBACK, replay: LOOPBACK, bufferSteps: messages })
  const encode = createVllmEncoder()
  parent.send?.({ address: publisher.address, replay: publisher.replayAddress })
  await new Promise((resolve) => parent.once('message', resolve))
  for (let at = 0; at < messages; at++) {
    publisher.publish(encode({ timestamp: 1.5 + at, events: events() }))
    if (at % 200 === 199) await publisher.flush()
  }
  await new Promise((resolve) => parent.once('message', resolve))
  parent.disconnect?.()
}

/** What becomes of events that have arrived; throws where one is not taken in. */
type Take = (events: readonly KvEvent[]) => void

/** Events that a core receives over a real socket, puts in order, decodes and hands to `take` in a second. */
async function deliver(print: Print, messages: number, take: Take): Promise<number> {
  const child = fork(import.meta.filename, ['publish', String(messages)])
  const sources = await new Promise<{ address: string; replay: string }>((resolve) => {
    child.once('message', (message: { address: string; replay: string }) => resolve(message))
  })
  const seen = { messages: 0, events: 0 }
  const done = Promise.withResolvers<void>()
  using subscriber = await KvEventSubscriber.start(
    { endpoint: 'bench', ...sources, decode: decodeVllm },
    {
      onBatch: ({ seq, events: batch }) => {
        if (seq !== seen.messages) done.reject(new Error(`message ${seq} came in place of ${seen.messages}`))
        take(batch)
        seen.events += batch.length
        if (++seen.messages === messages) done.resolve()
      },
      onRestarted: () => done.reject(new Error('the publisher was taken for restarted')),
      onLost: (loss) => done.reject(new Error(`lost ${loss.missing} messages: ${loss.reason}`)),
      onProblem: ({ message }) => done.reject(new Error(message)),
    },
  )
  while (!subscriber.connected) await new Promise((resolve) => setTimeout(resolve, 10))
  const cpu = cpuSeconds()
  const clock = performance.now()
  child.send('go')
  await done.promise
  const rate = seen.events / (cpuSeconds() - cpu)
  const byClock = seen.events / ((performance.now() - clock) / 1000)
  child.send('stop')
  print(
    `  ${rate.toFixed(0)} events/s a core, ${((rate * BLOCKS) / 1e6).toFixed(2)} million blocks/s; by the clock ${byClock.toFixed(0)} events/s; ${subscriber.counts.replays} replays`,
  )
  return rate
}

/** Prints how many events a core follows in a second, over a real socket, alone and into a full index. */
export async function benchDelivery(print: Print, messages: number): Promise<boolean> {
  print(`Receiving over TCP from another process, ${messages} messages, all of them in order`)
  await deliver(print, messages, () => undefined)
  const index = new ExactIndex({ maxBytes: 32 * MIB })
  const slot = index.addEndpoint()
  print('The same, and taken into the exact index, where old blocks make room')
  const rate = await deliver(print, messages, (batch) => {
    for (const event of batch) {
      const outcome = event.type === 'blocks-stored' ? index.stored(slot, event) : 'not stored'
      if (outcome !== 'applied') throw new Error(`expected the index to take in an event, found: ${outcome}`)
    }
  })
  const most = Math.min(index.maxHeld, messages * EVENTS_PER_BATCH * BLOCKS)
  if (index.held(slot) < most / 2) throw new Error(`the index holds ${index.held(slot)} blocks where ${most} fit`)
  print(`  target >= ${LEAST_EVENTS} events/s a core: ${rate >= LEAST_EVENTS ? 'met' : 'MISSED'}`)
  return rate >= LEAST_EVENTS
}

/** Checks, then prints what following KV events costs. Returns whether every target was met. */
export async function benchKvEvents(print: Print, messages = MESSAGES): Promise<boolean> {
  benchDecode(print)
  return await benchDelivery(print, messages)
}

if (import.meta.main) {
  if (process.argv[2] === 'publish') await publishFor(process, Number(process.argv[3]))
  else {
    console.log(`Node ${process.versions.node}, ${cpus()[0]?.model ?? 'unknown CPU'}; rates are per second of CPU time`)
    process.exitCode = (await benchKvEvents(console.log)) ? 0 : 1
  }
}
