import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { runKvasir } from '../src/cli/testing/run-kvasir.ts'
import { NO_FAULTS } from '../src/engine-server/faults.ts'
import { startEngineServer } from '../src/engine-server/start-engine-server.ts'
import { CHAT, chatBody } from './testing/chat.ts'
import { eventually } from './testing/eventually.ts'
import { metricsPage } from './testing/metrics-page.ts'
import { post } from './testing/post.ts'
import { runRouter } from './testing/router-fixture.ts'

const status = z.object({ ranks: z.array(z.object({ running: z.int(), waiting: z.int() })) })

/** Requests that an engine has at the moment. */
async function requestsAt(url: string): Promise<number> {
  const { ranks } = status.parse(await (await fetch(`${url}/_kvasir/status`)).json())
  return ranks.reduce((sum, { running, waiting }) => sum + running + waiting, 0)
}

describe('a client that leaves a simulated SGLang, which hardly notices by itself', () => {
  test.each([{ stream: true }, { stream: false }])('has its request ended by the router: %j', async (more) => {
    await using engine = await startEngineServer({ flavor: 'sglang', model: 'm', speed: 0.5 })
    await using router = await runRouter({ endpoints: [{ url: engine.url, engine: 'sglang' }] })
    const leaving = new AbortController()
    const body = chatBody({ ...more, max_tokens: 3000 })
    const init = { method: 'POST', body, signal: leaving.signal, headers: { 'content-type': 'application/json' } }
    const left = fetch(router.gateway + CHAT, init).catch(() => undefined)
    await eventually('the request', async () => (await requestsAt(engine.url)) === 1)
    leaving.abort()
    await left
    // A plain answer would take 90 s more, and a stream be noticed after 2 s.
    await eventually('its end', async () => (await requestsAt(engine.url)) === 0, 1.5)
  })
})

describe.each(['vllm', 'sglang', 'llama.cpp', 'tensorrt-llm'] as const)('a simulated %s', (flavor) => {
  /** A router in front of an engine with the fault and a good one; the first request goes to the former. */
  async function chat(fault: object) {
    await using broken = await startEngineServer({ flavor, model: 'm', faults: { ...NO_FAULTS, ...fault }, speed: 20 })
    await using other = await startEngineServer({ flavor, model: 'm', speed: 20 })
    const endpoints = [broken, other].map(({ url }, i) => ({ url, id: `e${i}` }))
    await using router = await runRouter({ endpoints, policy: { type: 'round-robin' } })
    const answers: { readonly endpoint: string | null; readonly text: string }[] = []
    for (let i = 0; i < 2; i++) {
      const answer = await post(router.gateway + CHAT, chatBody({ stream: true, max_tokens: 4 }))
      answers.push({ endpoint: answer.headers.get('x-kvasir-endpoint'), text: await answer.text() })
    }
    const page = await metricsPage(router.admin)
    return { answers, retries: page.sum('kvasir_retries_total', { endpoint: 'e0', reason: 'server-error' }) }
  }

  test('that fails before the first token is passed over', async () => {
    const { answers, retries } = await chat({ errorAfter: 0 })
    expect(retries).toBeGreaterThan(0)
    expect(answers.map(({ endpoint }) => endpoint)).toEqual(['e1', 'e1'])
    for (const { text } of answers) {
      expect(text).not.toContain('"error"')
      expect(text).toContain('"finish_reason":"length"')
    }
  })

  test('that fails behind the first tokens is heard out', async () => {
    const failed = (await chat({ errorAfter: 2 })).answers.find(({ endpoint }) => endpoint === 'e0')
    expect(failed?.text).toMatch(/"content":"[^"]+"[^]*"error":\{/)
    expect(failed?.text).not.toContain('"finish_reason":"length"')
  })

  test('that begins with a comment is answered through', async () => {
    const pinged = (await chat({ commentFirst: true })).answers.find(({ endpoint }) => endpoint === 'e0')
    expect(pinged?.text).toMatch(/^:(?: ping)?\n\ndata: /)
    expect(pinged?.text).toContain('"finish_reason":"length"')
  })
})

test.each(['vllm', 'sglang'] as const)('kvasir doctor tells that prefix caching of %s is off', async (flavor) => {
  await using engine = await startEngineServer({ flavor, model: 'm', prefixCaching: false })
  const { code, stdout } = await runKvasir(['doctor', engine.url, '--idle', '0'])
  expect(stdout).toMatch(/problem +prefix caching is switched off in its configuration\n/)
  expect(stdout).toMatch(/problem +prefix cache +the same prompt twice: it reports 0 cached tokens/)
  expect(code).toBe(1)
})
