import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { eventually } from '../../test/testing/eventually.ts'
import { RANK_HEADER } from '../core/data-parallel-rank.ts'
import { profileNamed } from '../engine/profiles.ts'
import type { RunningEngine } from './start-engine-server.ts'
import { startEngineServer } from './start-engine-server.ts'
import { getJson, post } from './testing/client.ts'

const loads = z.object({ loads: z.array(z.object({ num_running_reqs: z.int(), num_waiting_reqs: z.int() })) })

/** Requests that run and wait, by rank. */
async function load(engine: RunningEngine): Promise<number[][]> {
  const { loads: ranks } = loads.parse(await getJson(engine, '/v1/loads'))
  return ranks.map(({ num_running_reqs: running, num_waiting_reqs: waiting }) => [running, waiting])
}

async function becomes(engine: RunningEngine, expected: number[][]): Promise<void> {
  await eventually(
    JSON.stringify(expected),
    async () => JSON.stringify(await load(engine)) === JSON.stringify(expected),
    5,
  )
}

const events = (text: string): unknown[] =>
  text
    .split('\n\n')
    .filter((event) => event.startsWith('data: {'))
    .map((event): unknown => JSON.parse(event.slice(6)))

describe('/generate', () => {
  const meta = z.object({ text: z.string(), meta_info: z.looseObject({ cached_tokens: z.int() }) })

  test('takes a text or ids, and tells what was cached', async () => {
    await using engine = await startEngineServer({ flavor: 'sglang', speed: 100, model: 'm' })
    const text = 'word'.repeat(40)
    const params = { sampling_params: { max_new_tokens: 4 } }
    const first: unknown = await (await post(engine, '/generate', { text, rid: 'mine', ...params })).json()
    const info = { id: 'mine', prompt_tokens: 40, completion_tokens: 4, finish_reason: { type: 'length', length: 4 } }
    expect(first).toEqual({ text: expect.any(String), meta_info: { ...info, cached_tokens: 0 } })
    const tokenized: unknown = await (await post(engine, '/tokenize', { prompt: text })).json()
    const { tokens } = z.object({ tokens: z.array(z.int()) }).parse(tokenized)
    const again = meta.parse(await (await post(engine, '/generate', { input_ids: tokens, ...params })).json())
    expect([again.text, again.meta_info.cached_tokens]).toEqual([meta.parse(first).text, 32])
    const apart: unknown = await (await post(engine, '/generate', { text, extra_key: 'k', ...params })).json()
    expect(apart).toMatchObject({ meta_info: { cached_tokens: 0 } })
  })

  test('streams all the text so far, and answers several prompts as a list', async () => {
    await using engine = await startEngineServer({ flavor: 'sglang', speed: 100 })
    const body = { text: 'hello', sampling_params: { max_new_tokens: 3 } }
    const plain = meta.parse(await (await post(engine, '/generate', body)).json())
    const streamed = await (await post(engine, '/generate', { ...body, stream: true })).text()
    expect(streamed.endsWith('data: [DONE]\n\n')).toBe(true)
    const texts = z.array(meta).parse(events(streamed))
    expect(texts.map(({ meta_info: info }) => [info['completion_tokens'], info['finish_reason']])).toEqual([
      [1, null],
      [2, null],
      [3, { type: 'length', length: 3 }],
    ])
    expect(texts.every(({ text }) => plain.text.startsWith(text))).toBe(true)
    expect(texts[2]?.text).toBe(plain.text)
    const several: unknown = await (await post(engine, '/generate', { ...body, text: ['hello', 'x'] })).json()
    expect(several).toMatchObject([{ index: 0, text: plain.text }, { index: 1 }])
  })

  test.each([{}, { text: 'x', input_ids: [1] }, { text: 'x', lora_path: 'none' }])('refuses %j', async (body) => {
    await using engine = await startEngineServer({ flavor: 'sglang' })
    const refused = await post(engine, '/generate', body)
    expect([refused.status, await refused.json()]).toEqual([400, expect.objectContaining({ object: 'error' })])
  })

  test('goes to the rank that its body names, whatever the header', async () => {
    await using engine = await startEngineServer({ flavor: 'sglang', speed: 0.2, dataParallelSize: 3 })
    const body = { text: 'x', stream: true, routed_dp_rank: 2 }
    await post(engine, '/generate', body, { [RANK_HEADER]: '1' })
    await becomes(engine, [
      [0, 0],
      [0, 0],
      [1, 0],
    ])
  })
})

describe('/abort_request', () => {
  const abort = async (engine: RunningEngine, body: object): Promise<void> => {
    expect((await post(engine, '/abort_request', body)).status).toBe(200)
  }
  const slow = { flavor: 'sglang', speed: 0.5 } as const

  test('ends what its id begins with, and frees the slot for what waits', async () => {
    const profile = { ...profileNamed('qwen3-32b-tp2-h100'), maxSequences: 1 }
    await using engine = await startEngineServer({ ...slow, profile })
    const body = { prompt: 'x', max_tokens: 3000 }
    const runs = post(engine, '/v1/completions', { ...body, rid: 'aa-1' })
    await becomes(engine, [[1, 0]])
    const waits = post(engine, '/v1/completions', { ...body, rid: 'ab-1' })
    await becomes(engine, [[1, 1]])
    await abort(engine, { rid: 'zz' })
    await abort(engine, { rid: '' })
    expect(await load(engine)).toEqual([[1, 1]])
    await abort(engine, { rid: 'aa' })
    expect(await (await runs).json()).toMatchObject({ choices: [{ finish_reason: 'abort' }] })
    await becomes(engine, [[1, 0]])
    await abort(engine, { rid: 'ab-1' })
    await waits
    await becomes(engine, [[0, 0]])
    expect(await (await fetch(`${engine.url}/metrics`)).text()).toMatch(/num_aborted_requests_total\{[^}]*\} 2\n/)
  })

  test.each([
    ['/v1/chat/completions', { messages: [{ role: 'user', content: 'x' }], max_tokens: 3000 }],
    ['/v1/completions', { prompt: 'x', max_tokens: 3000 }],
    ['/generate', { text: 'x', sampling_params: { max_new_tokens: 3000 } }],
  ])('ends a stream of %s with what there is, and all of them', async (path, body) => {
    await using engine = await startEngineServer(slow)
    const stream = await post(engine, path, { ...body, stream: true, rid: 'r' })
    await becomes(engine, [[1, 0]])
    await abort(engine, { abort_all: true })
    const text = await stream.text()
    expect(text).toMatch(/"finish_reason":(?:"abort"|\{"type":"abort")/)
    expect(text.endsWith('data: [DONE]\n\n')).toBe(true)
    expect(await load(engine)).toEqual([[0, 0]])
  })

  test('is what ends a request at once: a client that leaves is noticed late, or never', async () => {
    await using engine = await startEngineServer(slow)
    const leaving = new AbortController()
    const leave = async (body: object): Promise<void> => {
      const init = { method: 'POST', body: JSON.stringify(body), signal: leaving.signal }
      await fetch(`${engine.url}/v1/completions`, init).catch(() => undefined)
    }
    const body = { prompt: 'x', max_tokens: 3000 }
    const left = [leave({ ...body, rid: 'p' }), leave({ ...body, rid: 's', stream: true })]
    await becomes(engine, [[2, 0]])
    leaving.abort()
    await Promise.all(left)
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect(await load(engine)).toEqual([[2, 0]])
    await abort(engine, { rid: 'p' })
    expect(await load(engine)).toEqual([[1, 0]])
    await becomes(engine, [[0, 0]])
  })
})
