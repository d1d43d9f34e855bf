import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { EngineQuestions } from './engine-questions.ts'
import { jsonServer } from './testing/json-server.ts'

const question = (content: string, model = 'm') => ({ kind: 'text', content, model }) as const

function questions(url: string, clock: () => number = () => 0) {
  const told: (string | undefined)[] = []
  const engine = new EngineQuestions({
    engine: 'vllm',
    url,
    headers: { authorization: 'Bearer k' },
    clock,
    onFailing: (why) => void told.push(why),
  })
  return { engine, told }
}

describe('questions to an engine', () => {
  it('are asked under the name of the model, with the special tokens that a prompt gets', async () => {
    await using server = await jsonServer(() => [200, { tokens: [1, 2] }])
    const { engine } = questions(server.url)
    expect(await engine.ask(question('a', 'adapter'))).toEqual(Uint32Array.of(1, 2))
    expect(server.received).toMatchObject([
      {
        path: '/tokenize',
        headers: { authorization: 'Bearer k' },
        body: { model: 'adapter', prompt: 'a', add_special_tokens: true },
      },
    ])
  })

  it('are two at a time and eight in all', async () => {
    let most = 0
    let atOnce = 0
    await using server = await jsonServer(async () => {
      most = Math.max(most, ++atOnce)
      await sleep(10)
      atOnce--
      return [200, { tokens: [1] }]
    })
    const { engine, told } = questions(server.url)
    const asked = Array.from({ length: 8 }, (_, i) => engine.ask(question(`${i}`)))
    expect([engine.pending, engine.full]).toEqual([8, true])
    await expect(engine.ask(question('9'))).rejects.toMatchObject({ fault: 'busy' })
    await Promise.all(asked)
    expect([most, engine.pending, engine.full, engine.resting, told]).toEqual([2, 0, false, false, []])
  })

  it('stop for a while when it fails, longer each time; that is told once', async () => {
    let now = 0
    let status = 500
    await using server = await jsonServer(() => [status, { tokens: [1] }])
    const { engine, told } = questions(server.url, () => now)
    const rests: number[] = []
    for (let failure = 0; failure < 8; failure++) {
      const together = [engine.ask(question('a')), engine.ask(question('b'))]
      await Promise.allSettled(together)
      const from = now
      while (engine.resting) now += 0.5
      rests.push(now - from)
    }
    expect(rests).toEqual([1, 2, 4, 8, 16, 32, 60, 60])
    expect(told).toEqual([expect.stringContaining('status 500')])
    status = 200
    await engine.ask(question('c'))
    expect([engine.resting, told.at(-1), told.length]).toEqual([false, undefined, 2])
  })

  it('do not fill the log where it fails every other time', async () => {
    let now = 0
    let status = 500
    await using server = await jsonServer(() => [(status = 700 - status), { tokens: [1] }])
    const { engine, told } = questions(server.url, () => now)
    for (; now < 100; now += 2) await engine.ask(question(`${now}`)).catch(() => undefined)
    expect(told).toEqual([
      expect.stringContaining('status 500'),
      undefined,
      expect.stringContaining('status 500'),
      undefined,
    ])
  })

  it('go on when it refuses one prompt', async () => {
    await using server = await jsonServer(() => [400, { error: 'too long' }])
    const { engine, told } = questions(server.url)
    await expect(engine.ask(question('a'))).rejects.toMatchObject({ fault: 'inexact' })
    expect([engine.resting, told]).toEqual([false, []])
  })
})
