import { expect, test } from 'vitest'
import { parseBenchOptions } from './parse-options.ts'
import { toRecords } from './request-columns.ts'
import { benchResultSchema } from './result-schema.ts'
import { runBench } from './run-bench.ts'
import { ending, quickAnswer, role, startScriptedEngine, token } from './testing/scripted-engine.ts'

const signal = new AbortController().signal
/** Targets that a busy machine meets as well. */
const slo = ['10:10', '20:20']
const small = { sessions: '3', turns: '2', startJitterMs: '0', turnGapMs: '0', slo }

function settings(url: string, options: object) {
  return parseBenchOptions(url, options, [url])
}

test('measures, counts and shares out what a gateway answered', async () => {
  await using engine = await startScriptedEngine((_, index) => ({
    ...quickAnswer('hello', 200, 50),
    headers: { 'x-kvasir-endpoint': index % 3 === 0 ? 'a' : 'b' },
  }))
  const result = await runBench(settings(engine.url, { ...small, seeds: '2' }), { signal })
  expect(benchResultSchema.parse(JSON.parse(JSON.stringify(result)))).toEqual(result)
  expect(result).toMatchObject({
    target: { model: 'scripted', route: 'chat' },
    workload: { name: 'chat', requests: 6 },
  })
  expect(result.summary).toMatchObject({
    requests: { measured: 12, ok: 12, failed: 0, warmup: 0 },
    errors: {},
    promptTokens: 2400,
    cachedTokens: 600,
    outputTokens: 24,
    cachedShare: 0.25,
    endpoints: { a: 4, b: 8 },
    goodput: [{ share: 1 }, { share: 1 }],
  })
  expect(result.summary.busiestShare).toBeCloseTo(8 / 12, 9)
  expect(result.summary.ttft?.p50.seeds).not.toBeNull()
})

test('every turn repeats the answers that were really received', async () => {
  await using engine = await startScriptedEngine((_, index) => quickAnswer(`answer ${index}`))
  await runBench(settings(engine.url, { ...small, sessions: '1', turns: '3', toolProb: '0' }), { signal })
  expect(engine.seen[2]?.body).toContain('"role":"assistant","content":"answer 0."')
  expect(engine.seen[2]?.body).toContain('"role":"assistant","content":"answer 1."')
  expect(engine.seen[2]?.path).toBe('/v1/chat/completions')
})

test('failed requests have a kind and no times', async () => {
  await using engine = await startScriptedEngine((_, index) =>
    index % 2 === 0 ? quickAnswer('a') : { status: 429, steps: [{ afterMs: 0, write: '{}' }] },
  )
  const result = await runBench(settings(engine.url, { workload: 'single', ...small }), { signal })
  expect(result.summary).toMatchObject({
    requests: { ok: 3, failed: 3 },
    errors: { 'http-429': 3 },
    goodput: [{ share: 0.5 }, { share: 0.5 }],
  })
  const failed = result.runs.flatMap((run) => toRecords(run.requests)).filter((record) => record.error !== null)
  expect(failed.map(({ ttft, tpot, e2e, status }) => [ttft, tpot, e2e, status])).toEqual(
    failed.map(() => [null, null, null, 429]),
  )
})

test('times count on the clock of engines that run faster than life', async () => {
  const script = {
    steps: [
      { afterMs: 30, write: role + token('a') },
      { afterMs: 60, write: token('b') + token('c') + ending(9, 0, 3) },
    ],
  }
  await using engine = await startScriptedEngine(() => script)
  const options = { workload: 'single', ...small, sessions: '1', turnGapMs: '400', timeScale: '10' }
  const result = await runBench(settings(engine.url, options), { signal })
  // 30 ms of wall time are 0.3 s there; TPOT is 60 ms * 10 / 2.
  expect(result.summary.ttft?.p50.value).toBeGreaterThan(0.28)
  expect(result.summary.ttft?.p50.value).toBeLessThan(1.5)
  expect(result.summary.tpot?.p50.value).toBeGreaterThan(0.28)
  expect(result.summary.tpot?.p50.value).toBeLessThan(1)
  // The think time of 0.4 s passes in 40 ms; with 90 ms for the answer before it.
  const [first, second] = engine.seen
  expect((second?.at ?? 0) - (first?.at ?? 0)).toBeLessThan(390)
})

test('warm-up requests are in no figure', async () => {
  await using engine = await startScriptedEngine(() => quickAnswer('a'))
  const result = await runBench(settings(engine.url, { ...small, warmup: '50%' }), { signal })
  expect(result.summary.requests).toEqual({ measured: 3, ok: 3, failed: 0, warmup: 3 })
  expect(result.runs[0]?.requests.warmup).toEqual([true, true, true, false, false, false])
})

test('seeds have texts of their own unless they are to share them', async () => {
  await using engine = await startScriptedEngine(() => quickAnswer('a'))
  const options = { workload: 'rag', sessions: '1', turns: '1', startJitterMs: '0', seeds: '2' }
  const start = (index: number) => engine.seen[index]?.body.slice(0, 300)
  await runBench(settings(engine.url, options), { signal })
  expect(start(0)).not.toBe(start(1))
  await runBench(settings(engine.url, { ...options, sharedText: true }), { signal })
  expect(start(2)).toBe(start(3))
  await runBench(settings(engine.url, { ...options, seeds: '1' }), { signal })
  expect(start(4)).toBe(start(0))
  await runBench(settings(engine.url, { ...options, seeds: '1', salt: 'again' }), { signal })
  expect(start(5)).not.toBe(start(0))
})

test('sends headers, keys and session ids where it is told to', async () => {
  await using engine = await startScriptedEngine(() => quickAnswer('a'))
  const options = {
    ...small,
    sessions: '1',
    apiKey: 'secret',
    header: ['X-Team: core'],
    sessionHeader: 'x-session-id',
    route: 'completions',
  }
  await runBench(settings(`${engine.url}/v1/`, options), { signal })
  expect(engine.seen[0]?.headers).toMatchObject({
    authorization: 'Bearer secret',
    'x-team': 'core',
    'x-session-id': 's0',
  })
  expect(engine.seen[0]?.path).toBe('/v1/completions')
})

test('an ended run keeps what was answered until then', async () => {
  await using engine = await startScriptedEngine((_, index) =>
    index < 2 ? quickAnswer('a') : { steps: [{ afterMs: 5000, write: token('late') }] },
  )
  const stop = new AbortController()
  const onProgress = (snapshot: { done: number }) => {
    if (snapshot.done === 2) setTimeout(() => stop.abort(), 30)
  }
  const result = await runBench(settings(engine.url, { ...small, sessions: '1', turns: '9' }), {
    signal: stop.signal,
    onProgress,
  })
  expect(result.summary.requests).toEqual({ measured: 2, ok: 2, failed: 0, warmup: 0 })
  expect(result.runs[0]?.interrupted).toBe(true)
})

test('refuses to start where it cannot', async () => {
  const engine = await startScriptedEngine(() => quickAnswer('a'))
  const run = (url: string, options: object) => runBench(settings(url, options), { signal })
  await expect(run('somewhere', small)).rejects.toThrow('expected an http or https address')
  await expect(run(engine.url, { trace: '/nonexistent' })).rejects.toThrow('trace: /nonexistent: expected a Mooncake')
  await expect(run(engine.url, { ...small, loop: 'closed' })).rejects.toThrow('expected --concurrency')
  await expect(run(engine.url, { ...small, maxPrompt: '1' })).rejects.toThrow('none left')
  await expect(run(`${engine.url}/elsewhere`, small)).rejects.toThrow('name it with --model')
  await engine[Symbol.asyncDispose]()
  await expect(run(engine.url, { ...small, model: 'm' })).rejects.toThrow('is it started?')
})
