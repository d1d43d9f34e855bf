import { writeFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import marginalCost from '../src/plugins/policies/marginal-cost.ts'
import { CHAT, chatBody, longChatBody } from './testing/chat.ts'
import { decisionViews, explain } from './testing/decision-views.ts'
import { endpointViews, isReady } from './testing/endpoint-views.ts'
import { eventually } from './testing/eventually.ts'
import { type FakeEngine, fakeEngine, type FakeHandler, plainAnswer } from './testing/fake-engine.ts'
import { freePort } from './testing/free-port.ts'
import { FIRST, heldAnswers, LAST } from './testing/held-answers.ts'
import { runKvasir } from './testing/kvasir-process.ts'
import { metricsPage } from './testing/metrics-page.ts'
import { post } from './testing/post.ts'
import { type RunningRouter, runRouter } from './testing/router-fixture.ts'
import { routerProcess, writeConfig } from './testing/router-process.ts'
import { temporaryFolder } from './testing/temporary-folder.ts'

/** Starting processes takes its time on a busy machine. */
const SLOW = { timeout: 60_000 }

const SECRET = 'xylophone-secret'
const secretBody = (extra: object = {}): string => chatBody({ messages: [{ role: 'user', content: SECRET }], ...extra })

/** Says nothing of tokens, so that estimates stay as they are. */
const bare: FakeHandler = (response) => response.writeHead(200, { 'content-type': 'application/json' }).end('{}')

const named = (engines: Readonly<Record<string, FakeEngine>>) =>
  Object.entries(engines).map(([id, { url }]) => ({ id, url }))

const remove = (admin: string, id: string): Promise<Response> =>
  fetch(`${admin}/api/endpoints/${id}`, { method: 'DELETE' })

describe('/metrics', () => {
  it('counts what happened, in families of its own', async () => {
    await using engine = await fakeEngine((response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      const usage = { prompt_tokens: 40, completion_tokens: 3, prompt_tokens_details: { cached_tokens: 16 } }
      response.end(`${FIRST}${FIRST}data: ${JSON.stringify({ choices: [], usage })}\n\ndata: [DONE]\n\n`)
    })
    await using router = await runRouter({ endpoints: [{ url: engine.url, id: 'e' }] })
    for (let i = 0; i < 3; i++) await (await post(router.gateway + CHAT, chatBody({ stream: true }))).text()
    await post(router.gateway + CHAT, '{')
    const page = await metricsPage(router.admin)

    const place = { model: 'm', endpoint: 'e', policy: 'marginal-cost' }
    expect(page.sum('kvasir_requests_total', { ...place, route: 'chat', status: '2xx' })).toBe(3)
    expect(page.sum('kvasir_requests_total', { route: 'chat', status: '4xx' })).toBe(1)
    expect(page.sum('kvasir_errors_total', { route: 'chat', code: 'malformed_json' })).toBe(1)
    expect(page.sum('kvasir_decisions_total', { ...place, reason: 'lowest-cost' })).toBe(3)
    for (const name of ['ttft', 'tpot', 'e2e', 'queue']) {
      expect(page.families.get(`kvasir_${name}_seconds`)).toBe('histogram')
      expect(page.sum(`kvasir_${name}_seconds_count`, place)).toBe(3)
    }
    expect(page.sum('kvasir_prompt_tokens_total', place)).toBe(120)
    expect(page.sum('kvasir_cached_tokens_total', place)).toBe(48)
    expect(page.sum('kvasir_output_tokens_total', place)).toBe(9)
    expect(page.sum('kvasir_endpoint_ready', { endpoint: 'e' })).toBe(1)
    expect(page.sum('kvasir_endpoint_in_flight')).toBe(0)
    expect([...page.families.keys()].filter((name) => !name.startsWith('kvasir_'))).toEqual([])
  })

  it('counts an attempt that was given up for another endpoint', async () => {
    await using broken = await fakeEngine((response) => response.writeHead(500).end())
    await using good = await fakeEngine()
    await using router = await runRouter({ endpoints: named({ broken, good }) })
    await eventually('a retry', async () => {
      await post(router.gateway + CHAT, chatBody())
      return broken.requests.length > 0
    })
    const page = await metricsPage(router.admin)
    expect(page.sum('kvasir_retries_total', { endpoint: 'broken', reason: 'server-error' })).toBe(1)
  })

  it('shows load while there is some', async () => {
    const answers = heldAnswers()
    await using engine = await fakeEngine(answers.handle)
    await using router = await runRouter({ endpoints: named({ engine }), timeouts: { drain: '1s' } })
    const stream = await post(router.gateway + CHAT, chatBody({ stream: true }))
    expect((await metricsPage(router.admin)).sum('kvasir_endpoint_in_flight', { endpoint: 'engine' })).toBe(1)
    answers.release()
    await stream.text()
    await eventually('idle', async () => (await metricsPage(router.admin)).sum('kvasir_endpoint_in_flight') === 0)
  })

  it('makes no label of anything a client sends', async () => {
    await using named = await fakeEngine()
    await using any = await fakeEngine(undefined, 0, { health: 200, models: undefined })
    for (const engine of [named, any]) {
      await using router = await runRouter({ endpoints: [{ url: engine.url, id: 'e' }], headers: { compatible: true } })
      for (let i = 0; i < 20; i++) {
        const headers = { 'x-request-id': `client-made-${i}`, 'x-session-id': `client-made-${i}` }
        const extra = { user: `client-made-${i}`, session_id: `client-made-${i}`, cache_salt: `client-made-${i}` }
        await post(router.gateway + CHAT, secretBody({ model: `client-made-${i}`, ...extra }), headers)
        await post(router.gateway + CHAT, secretBody(extra), headers)
        await post(`${router.gateway}/v1/client-made-${i}`, secretBody({ model: `client-made-${i}` }))
        await post(`${router.gateway}/client-made-${i}`, secretBody())
      }
      const page = await metricsPage(router.admin)
      const values = [...page.labelValues()]
      expect(values.filter((value) => /client-made/.test(value) || value.includes(SECRET))).toEqual([])
      expect(page.sum('kvasir_requests_total')).toBe(80)
    }
  })

  it('forgets an endpoint that is gone', async () => {
    await using a = await fakeEngine()
    await using b = await fakeEngine()
    await using router = await runRouter({ endpoints: named({ a, b }), policy: 'round-robin' })
    for (let i = 0; i < 4; i++) await post(router.gateway + CHAT, chatBody())
    expect((await metricsPage(router.admin)).labelValues()).toContain('a')
    await remove(router.admin, 'a')
    const values = (await metricsPage(router.admin)).labelValues()
    expect(values).toContain('b')
    expect(values).not.toContain('a')
  })
})

describe('/api/endpoints', () => {
  it('lists what is configured and what is known', async () => {
    await using engine = await fakeEngine()
    const endpoint = { url: engine.url, id: 'e', labels: { gpu: 'h100' }, maxConcurrency: 7, kvTokens: '300k' }
    await using router = await runRouter({ endpoints: [endpoint] })
    expect(await endpointViews(router.admin)).toEqual([
      {
        id: 'e',
        url: engine.url,
        rank: null,
        role: 'both',
        labels: { gpu: 'h100' },
        models: ['m'],
        ready: true,
        draining: false,
        asleep: false,
        kvTokens: 300_000,
        maxConcurrency: 7,
        signals: expect.objectContaining({
          inFlight: 0,
          queuedTokens: 0,
          kvFill: 0,
          idleSeconds: null,
          engineWaiting: null,
          foreignRequests: null,
          readingAge: null,
        }),
        engine: expect.objectContaining({ version: null }),
        prefix: { mode: 'predicted', reason: 'no-events', why: 'it has no kvEvents' },
        tokens: [],
      },
    ])
  })

  it('takes a new endpoint, which serves once its probe has passed', async () => {
    await using engine = await fakeEngine()
    await using router = await runRouter({ endpoints: [], health: { interval: '50ms' } }, 0)
    const answer = await post(
      `${router.admin}/api/endpoints`,
      JSON.stringify({ url: engine.url, id: 'new', maxConcurrency: 3 }),
    )
    expect([answer.status, await answer.json()]).toEqual([201, expect.objectContaining({ id: 'new', ready: false })])
    await eventually('ready', () => isReady(router.admin, 'new'))
    expect((await post(router.gateway + CHAT, chatBody())).headers.get('x-kvasir-endpoint')).toBe('new')
    const again = await post(`${router.admin}/api/endpoints`, JSON.stringify({ url: 'http://127.0.0.1:1', id: 'new' }))
    expect([again.status, await again.json()]).toEqual([409, { error: expect.stringMatching(/'new' exists already/) }])
    const bare = await post(`${router.admin}/api/endpoints`, JSON.stringify(engine.url))
    expect([bare.status, await bare.json()]).toEqual([201, expect.objectContaining({ id: new URL(engine.url).host })])
  })

  const bad: [body: string, expected: RegExp][] = [
    ['{"url":"localhost:8000"}', /url: expected a URL such as http:\/\/.*found .*localhost:8000/],
    ['{}', /url: .*expected a URL/],
    ['{"url":"http://127.0.0.1:1","maxConcurrency":0}', /maxConcurrency: expected .*at least 1.*found 0/],
    ['{"url":"http://127.0.0.1:1","weight":3}', /weight: there is no such key/],
    ['{"url":"http://127.0.0.1:1","models":"m","id":5}', /id: expected text, found 5; models: expected a list/],
    ['[]', /expected a URL.*or a map, found a list/],
    ['5', /expected a URL.*or a map, found 5/],
    ['{', /JSON/],
    ['', /expected|empty/],
  ]

  it('refuses a bad one and says what was expected', async () => {
    await using router = await runRouter({ endpoints: [] }, 0)
    for (const [body, expected] of bad) {
      const answer = await post(`${router.admin}/api/endpoints`, body)
      const error = expect.stringMatching(expected)
      expect([body, answer.status, await answer.json()]).toEqual([body, 400, { error }])
    }
    expect(await endpointViews(router.admin)).toEqual([])
  })

  it('refuses one whose KV events would come from where those of another come from', async () => {
    await using engine = await fakeEngine()
    const address = 'tcp://127.0.0.1:1'
    await using router = await runRouter({ endpoints: [{ url: engine.url, id: 'e', ranks: 2, kvEvents: { address } }] })
    const add = async (port: number): Promise<[number, string]> => {
      const given = { url: 'http://127.0.0.1:9', id: `at-${port}`, kvEvents: { address: `tcp://*:${port}` } }
      const answer = await post(`${router.admin}/api/endpoints`, JSON.stringify(given))
      return [answer.status, await answer.text()]
    }
    const found =
      "kvEvents.address: expected an address of its own, found tcp://127.0.0.1:2, where endpoint 'e' publishes"
    expect(await add(2)).toEqual([400, expect.stringContaining(found)])
    expect(await add(3)).toEqual([201, expect.anything()])
    expect(await add(3)).toEqual([409, expect.anything()])
  })

  it('reads JSON under the content type that curl -d sends', async () => {
    await using router = await runRouter({ endpoints: [] }, 0)
    const headers = { 'content-type': 'application/x-www-form-urlencoded' }
    const answer = await post(`${router.admin}/api/endpoints`, '{"url":"http://127.0.0.1:1"}', headers)
    expect([answer.status, await answer.json()]).toEqual([201, expect.objectContaining({ id: '127.0.0.1:1' })])
  })

  it('removes an endpoint, whose running request finishes', async () => {
    const answers = heldAnswers()
    await using engine = await fakeEngine(answers.handle)
    await using router = await runRouter({ endpoints: [{ url: engine.url, id: 'e' }], timeouts: { drain: '1s' } })
    const stream = await post(router.gateway + CHAT, chatBody({ stream: true }))
    const answer = await remove(router.admin, 'e')
    expect([answer.status, await answer.json()]).toEqual([200, { removed: 'e' }])
    expect(await endpointViews(router.admin)).toEqual([])
    expect((await post(router.gateway + CHAT, chatBody())).status).toBe(503)
    answers.release()
    expect(await stream.text()).toBe(FIRST + LAST)
    await eventually('the connections are closed', () => engine.sockets.size === 0)
    const gone = await remove(router.admin, 'e')
    expect([gone.status, await gone.json()]).toEqual([
      404,
      { error: expect.stringMatching(/no endpoint 'e'; known: none/) },
    ])
  })
})

describe('/api/decisions', () => {
  it('shows the last ones, newest first, with every candidate and nothing of the prompt', async () => {
    await using a = await fakeEngine()
    await using b = await fakeEngine()
    await using c = await fakeEngine()
    await using router = await runRouter({ endpoints: named({ a, b, c }) })
    for (let i = 0; i < 5; i++) await post(router.gateway + CHAT, secretBody(), { 'x-request-id': `r${i}` })
    const decisions = await decisionViews(router.admin, 3)
    expect(decisions.map(({ request }) => request)).toEqual(['r4', 'r3', 'r2'])
    for (const { candidates, endpoint, unit } of decisions) {
      expect([candidates.map((one) => one.endpoint).sort(), unit]).toEqual([['a', 'b', 'c'], 'seconds'])
      expect(candidates[0]?.endpoint).toBe(endpoint)
      for (const { cost, terms } of candidates) {
        expect(Object.keys(terms)).toEqual(marginalCost.terms)
        expect(cost).toBeCloseTo(
          Object.values(terms).reduce((sum, term) => sum + term, 0),
          9,
        )
        expect(cost).toBeGreaterThanOrEqual(candidates[0]?.cost ?? Infinity)
      }
    }
    expect(decisions[0]).toMatchObject({ outcome: { status: 200, attempts: 1, kind: 'finished', promptTokens: 10 } })
    expect(JSON.stringify(await decisionViews(router.admin))).not.toContain(SECRET)
  })

  it.each(['0', '-1', 'many', '1.5'])('refuses the limit %s', async (limit) => {
    await using router = await runRouter({ endpoints: [] }, 0)
    const answer = await fetch(`${router.admin}/api/decisions?limit=${limit}`)
    expect([answer.status, await answer.json()]).toEqual([400, { error: expect.stringContaining(limit) }])
  })
})

describe('/api/explain', () => {
  const bodies: [path: string, body: string][] = [
    [CHAT, longChatBody(1500)],
    ['/v1/completions', JSON.stringify({ model: 'm', prompt: 'once upon a time '.repeat(300) })],
    ['/v1/messages', longChatBody(1500, 'b', { max_tokens: 9, system: 'be brief '.repeat(200) })],
  ]

  it.each(bodies)('says what is then decided, and books nothing: %s', async (path, body) => {
    await using a = await fakeEngine(bare)
    await using b = await fakeEngine(bare)
    await using router = await runRouter({ endpoints: named({ a, b }) })
    for (let round = 0; round < 3; round++) {
      const before = await endpointViews(router.admin)
      const explained = await explain(router.admin, body, path)
      expect(await explain(router.admin, body, path)).toEqual(explained)
      expect(withoutTimes(await endpointViews(router.admin))).toEqual(withoutTimes(before))
      expect(await decisionViews(router.admin)).toHaveLength(round)

      expect((await post(router.gateway + path, body)).status).toBe(200)
      const [decided] = await decisionViews(router.admin, 1)
      expect(decided).toMatchObject({ ...explained, request: expect.any(String) })
      expect(explained.matchedTokens > 0).toBe(round > 0)
    }
    expect(a.requests.length + b.requests.length).toBe(3)
  })

  it('guesses the path from the body', async () => {
    await using a = await fakeEngine(bare)
    await using router = await runRouter({ endpoints: named({ a }) })
    for (const [path, body] of bodies.slice(0, 2)) {
      expect(await explain(router.admin, body)).toEqual(await explain(router.admin, body, path))
    }
  })

  it('refuses what the gateway would refuse, for the same reason', async () => {
    await using a = await fakeEngine()
    await using router = await runRouter({ endpoints: named({ a }) })
    for (const body of ['{', '{"messages":5}', '{"model":"gpt-5","messages":[]}']) {
      const answer = await fetch(`${router.admin}/api/explain`, { method: 'POST', body })
      const refused = await post(router.gateway + CHAT, body)
      const { error: message } = z.object({ error: z.string() }).parse(await answer.json())
      expect([refused.status, await refused.json()]).toMatchObject([answer.status, { error: { message } }])
    }
    await remove(router.admin, 'a')
    expect((await fetch(`${router.admin}/api/explain`, { method: 'POST', body: chatBody() })).status).toBe(503)
  })
})

describe('kvasir explain', SLOW, () => {
  it('prints the ranking as a table, or as JSON', async () => {
    await using a = await fakeEngine(bare)
    await using b = await fakeEngine(bare)
    await using router = await runRouter({ endpoints: named({ a, b }) })
    using folder = temporaryFolder()
    const file = folder.file('request.json')
    writeFileSync(file, longChatBody(1500))
    await post(router.gateway + CHAT, longChatBody(1500))
    const [{ endpoint: first } = { endpoint: '' }] = await decisionViews(router.admin, 1)

    const { code, stdout, stderr } = await runKvasir(['explain', file, '--admin', router.admin])
    const [title, , head, best, other] = stdout.split('\n')
    expect([code, stderr]).toEqual([0, ''])
    expect(title).toMatch(
      new RegExp(`^marginal-cost for model m, about \\d+ prompt tokens: ${first} \\(lowest-cost\\)$`),
    )
    expect(head?.trim().split(/ {2,}/)).toEqual([
      'endpoint',
      'cost (seconds)',
      ...(marginalCost.terms ?? []),
      'matched tokens',
    ])
    expect(best).toMatch(new RegExp(`^> +${first} .* [1-9]\\d+$`))
    expect(other).toMatch(new RegExp(`^ +${first === 'a' ? 'b' : 'a'} .* 0$`))

    const json = await runKvasir(['explain', file, '--admin', router.admin, '--json'])
    expect(JSON.parse(json.stdout)).toMatchObject({ endpoint: first, candidates: [{ endpoint: first }, {}] })
  })
})

describe('kvasir explain that cannot be answered', SLOW, () => {
  const folder = temporaryFolder()
  const file = folder.file('request.json')
  let engine: FakeEngine
  let router: RunningRouter
  let nobody: string

  beforeAll(async () => {
    writeFileSync(file, '{"messages":5}')
    engine = await fakeEngine(plainAnswer)
    router = await runRouter({ endpoints: [engine.url] })
    nobody = `http://127.0.0.1:${await freePort()}`
  })

  afterAll(async () => {
    await router[Symbol.asyncDispose]()
    await engine[Symbol.asyncDispose]()
    folder[Symbol.dispose]()
  })

  const attempts: [name: string, args: () => string[], message: RegExp][] = [
    ['nobody listens there', () => [file, '--admin', nobody], /cannot reach .*http:.*ECONNREFUSED.*--admin/],
    ['the address is none', () => [file, '--admin', 'nonsense'], /--admin.*nonsense|nonsense.*--admin/],
    [
      'the address lacks http://',
      () => [file, '--admin', 'localhost:9090'],
      /localhost:9090.*--admin|--admin.*localhost:9090/,
    ],
    ['it is the address of the gateway', () => [file, '--admin', router.gateway], /answered 404/],
    ['it is the address of something else', () => [file, '--admin', engine.url], /--admin/],
    ['there is no such file', () => ['/nowhere.json', '--admin', router.admin], /cannot read \/nowhere\.json/],
    [
      'the body is refused',
      () => [file, '--admin', router.admin],
      /400.*'messages' must be an array, but is the number 5/,
    ],
  ]

  it.concurrent.each(attempts)('fails with 2 and says why: %s', async (_name, args, message) => {
    const { code, stdout, stderr } = await runKvasir(['explain', ...args()])
    expect([stderr, stdout, code]).toEqual([expect.stringMatching(message), '', 2])
    expect(stderr).not.toMatch(/\n {4}at /)
  })
})

describe('the log', SLOW, () => {
  it('has one JSON line for each request, and nothing of its prompt', async () => {
    await using engine = await fakeEngine()
    using folder = temporaryFolder()
    writeConfig(folder.file('kvasir.yaml'), { endpoints: [{ url: engine.url, id: 'e' }] })
    await using router = await routerProcess(['--config', folder.file('kvasir.yaml')])
    await post(router.gateway + CHAT, secretBody(), { 'x-request-id': 'one' })
    await post(router.gateway + CHAT, `{"model":"m","messages":"${SECRET}"}`, { 'x-request-id': 'two' })
    await post(router.gateway + CHAT, secretBody({ model: 'absent' }), { 'x-request-id': 'three' })
    await eventually('three lines', () => router.log().filter(({ msg }) => msg === 'request').length === 3)
    const lines = router.log().filter(({ msg }) => msg === 'request')
    expect(lines.map((line) => line['request'])).toEqual(['one', 'two', 'three'])
    expect(lines[0]).toMatchObject({
      route: 'chat',
      model: 'm',
      status: 200,
      endpoint: 'e',
      policy: 'marginal-cost',
      reason: 'lowest-cost',
      attempts: 1,
      promptTokens: 10,
      outputTokens: 1,
      queueMs: expect.any(Number),
      e2eMs: expect.any(Number),
      outcome: 'finished',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
    })
    expect(lines.slice(1).map((line) => [line['status'], line['error']])).toEqual([
      [400, 'invalid_request'],
      [404, 'model_not_found'],
    ])
    expect(router.stdout() + router.stderr()).not.toContain(SECRET)
  })
})

/** Signals that change with time alone left out. */
function withoutTimes(views: Awaited<ReturnType<typeof endpointViews>>) {
  return views.map(({ signals, ...rest }) => ({
    ...rest,
    // Found out meanwhile.
    engine: null,
    signals: { ...signals, idleSeconds: 0, queuedSeconds: 0 },
  }))
}
