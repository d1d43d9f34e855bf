import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import { afterEach, expect, test } from 'vitest'
import type { Loss, StreamProblem } from './kv-event-handlers.ts'
import type { KvEvent } from './kv-event.ts'
import type { PullPace } from './pull-pace.ts'
import { KvEventPuller, type PullerOptions } from './puller.ts'

const open: Disposable[] = []

afterEach(() => {
  for (const one of open.splice(0).toReversed()) one[Symbol.dispose]()
})

const PACE: PullPace = { full: 0.005, busy: 0.01, idle: 0.02, retry: 0.02, retryMost: 0.05 }

/** An engine that hands out what a test puts into it. */
interface Engine {
  readonly url: string
  readonly entries: unknown[]
  /** Answers in its place, while there is one. */
  instead: RequestListener | undefined
  readonly asked: { readonly line: string; readonly key: string | undefined; readonly at: number }[]
}

async function engine(): Promise<Engine> {
  const server = createServer((request, response) => {
    const { 'x-key': key } = request.headers
    self.asked.push({ line: `${request.method} ${request.url}`, key: key?.toString(), at: performance.now() })
    if (self.instead !== undefined) self.instead(request, response)
    else response.end(JSON.stringify(self.entries.splice(0)))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : 0
  const self: Engine = { url: `http://127.0.0.1:${port}`, entries: [], instead: undefined, asked: [] }
  open.push({
    [Symbol.dispose]() {
      server.close()
      server.closeAllConnections()
    },
  })
  return self
}

interface Heard {
  readonly log: string[]
  readonly events: KvEvent[]
  readonly losses: Loss[]
  readonly problems: StreamProblem[]
  readonly silences: string[]
  readonly puller: KvEventPuller
}

function follow(url: string, options: Partial<PullerOptions> = {}): Heard {
  const heard = { log: [] as string[], events: [] as KvEvent[], losses: [] as Loss[] }
  const problems: StreamProblem[] = []
  const silences: string[] = []
  const puller = new KvEventPuller(
    { endpoint: 'a', url, pace: PACE, ...options },
    {
      onBatch({ seq, events }, topic) {
        heard.log.push(`${topic}#${seq}`)
        heard.events.push(...events)
      },
      onRestarted: (topic) => heard.log.push(`${topic}restarted`),
      onLost(loss) {
        heard.log.push('lost')
        heard.losses.push(loss)
      },
      onConnected: (connected) => heard.log.push(connected ? 'connected' : 'disconnected'),
      onSilent: ({ message }) => silences.push(message),
      onProblem: (problem) => problems.push(problem),
    },
  )
  open.push(puller)
  return { ...heard, problems, silences, puller }
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

const created = (window = 4096): object => ({
  event_id: 0,
  data: { type: 'created', num_blocks_per_cache_level: [8] },
  window_size: window,
})

/** Blocks of these many tokens stored behind each other. */
function stored(id: number, sizes: readonly number[], more: object = {}): object {
  const blocks = sizes.map((size, at) => ({
    type: 'stored_block',
    block_hash: 100 * id + at,
    tokens: Array.from({ length: size }, (_, token) => ({ token_id: token, token_extra_id: 0 })),
    cache_level: 0,
  }))
  return { event_id: id, data: { type: 'stored', parent_hash: null, blocks }, window_size: 4096, ...more }
}

const removed = (id: number, hash = 7, more: object = {}): object => ({
  event_id: id,
  data: { type: 'removed', block_hashes: [hash] },
  window_size: 4096,
  ...more,
})

test('events come once, in their order, asked for with the headers of the endpoint', async () => {
  const source = await engine()
  source.entries.push({}, created(), stored(1, [4, 4]))
  const { log, puller, events, problems } = follow(source.url, { headers: { 'x-key': 'secret' } })
  await until(() => log.length === 3)
  source.entries.push(removed(2), null, removed(3))
  await until(() => puller.counts.messages === 4)
  expect(log).toEqual(['#0', '#1', 'connected', '#2', '#3'])
  expect(events[0]).toMatchObject({ type: 'blocks-stored', blockSize: 4, blockHashes: [100n, 101n] })
  expect(source.asked[0]).toMatchObject({ line: 'POST /kv_cache_events', key: 'secret' })
  expect(puller.connected).toBe(true)
  expect(puller.counts).toMatchObject({ delivered: 4, losses: 0, restarts: 0, skipped: 0 })
  expect(problems).toEqual([])
})

test('it asks seldom while nothing happens, and more often while the endpoint serves or much comes', async () => {
  const source = await engine()
  let busy = false
  const { puller } = follow(source.url, { pace: { ...PACE, busy: 0.3, idle: 20 }, busy: () => busy })
  await until(() => puller.connected)
  await pause(150)
  expect(source.asked).toHaveLength(1)
  source.entries.push(...Array.from({ length: 300 }, (_, id) => removed(id)))
  busy = true
  await until(() => source.asked.length === 4, 'more requests')
  const [, long, next, third] = source.asked.map(({ at }) => at)
  expect(puller.counts.messages).toBe(300)
  expect((next ?? 0) - (long ?? 0)).toBeLessThan(200)
  expect((third ?? 0) - (next ?? 0)).toBeGreaterThan(250)
})

test('a hole in the numbers is a loss, with a word about other readers; lower ones are a new process', async () => {
  const source = await engine()
  source.entries.push(created(), removed(1))
  const { log, losses, problems } = follow(source.url)
  await until(() => log.length === 3)
  source.entries.push(removed(4), removed(9))
  await until(() => log.length === 7)
  source.entries.push(created(), removed(1))
  await until(() => log.length === 10)
  expect(log.slice(2)).toEqual(['connected', 'lost', '#4', 'lost', '#9', 'restarted', '#0', '#1'])
  expect(losses).toEqual([
    { reason: 'no-replay', missing: 2, topic: '' },
    { reason: 'no-replay', missing: 4, topic: '' },
  ])
  expect(problems).toEqual([
    { kind: 'gap', message: expect.stringMatching(/2 are missing. .* nothing else fetches them/) },
  ])
})

test('ranks count for themselves, and only the one that is asked for is followed', async () => {
  const source = await engine()
  const both = [
    removed(0, 1, { attention_dp_rank: 0 }),
    removed(0, 2, { attention_dp_rank: 1 }),
    removed(1, 3, { attention_dp_rank: 1 }),
    removed(1, 4, { attention_dp_rank: 0 }),
  ]
  source.entries.push(...both)
  const all = follow(source.url)
  await until(() => all.log.length === 5)
  expect(all.log).toEqual(['#0', 'rank 1#0', 'rank 1#1', '#1', 'connected'])
  all.puller[Symbol.dispose]()
  source.entries.push(...both)
  const one = follow(source.url, { rank: 1 })
  await until(() => one.log.length === 3)
  expect(one.log).toEqual(['#0', '#1', 'connected'])
})

test('an engine out of reach is told after two requests, and what it holds is known again with its next event', async () => {
  const source = await engine()
  source.entries.push(created())
  const { log, problems, puller } = follow(source.url)
  await until(() => log.length === 2)
  source.instead = (_request, response) => void response.writeHead(503).end('starting')
  await until(() => log.includes('disconnected'))
  expect(problems).toEqual([
    { kind: 'connection', message: expect.stringMatching(/found status 503. Check .*event_buffer_max_size/) },
  ])
  const asked = source.asked.length
  source.instead = undefined
  await until(() => source.asked.length > asked + 3)
  expect(puller.connected).toBe(false)
  source.entries.push(removed(1))
  await until(() => log.includes('connected') && log.at(-1) === 'connected')
  expect(log).toEqual(['#0', 'connected', 'disconnected', '#1', 'connected'])
})

test('an answer that cannot be read is a loss', async () => {
  for (const [text, found] of [
    ['<html>', /text "<html>", which is not JSON/],
    ['{"error":1}', /a map with error/],
    [`[${'1'.repeat(3000)}]`, /more than 2000 bytes/],
  ] as const) {
    const source = await engine()
    source.entries.push(created())
    const { log, losses, problems, puller } = follow(source.url, { maxBytes: 2000 })
    await until(() => log.length === 2)
    source.instead = (_request, response) => void response.end(text)
    await until(() => losses.length > 0)
    expect(losses).toEqual([{ reason: 'undecodable', missing: undefined, topic: '' }])
    expect(problems[0]).toMatchObject({ kind: 'payload', message: expect.stringMatching(found) })
    expect(puller.counts.undecodable).toBeGreaterThan(0)
  }
})

test('an answer that does not come is given up, and the next request is not held up by it', async () => {
  const source = await engine()
  source.instead = () => undefined
  const { log } = follow(source.url, { timeout: 0.05 })
  await until(() => source.asked.length >= 2)
  source.instead = undefined
  source.entries.push(created())
  await until(() => log.includes('#0'))
})

test('silence while it serves is told, with what to look at', async () => {
  const source = await engine()
  const { silences } = follow(source.url, { silence: { after: 0.05, serving: () => true } })
  await until(() => silences.length > 0)
  expect(silences[0]).toMatch(/answered, but without an event for 0 s .*event_buffer_max_size above 0/)
})

test('nothing is asked or told after the end', async () => {
  const source = await engine()
  const abort = new AbortController()
  const { log, puller } = follow(source.url, { signal: abort.signal })
  await until(() => puller.connected)
  abort.abort()
  await pause(20)
  const asked = source.asked.length
  source.entries.push(created())
  await pause(80)
  expect([source.asked.length, log]).toEqual([asked, ['connected']])
})
