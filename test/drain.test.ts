import { request } from 'node:http'
import { describe, expect, it } from 'vitest'
import { CHAT, chatBody } from './testing/chat.ts'
import { endpointViews } from './testing/endpoint-views.ts'
import { eventually } from './testing/eventually.ts'
import { fakeEngine, plainAnswer } from './testing/fake-engine.ts'
import { FIRST, heldAnswers, LAST } from './testing/held-answers.ts'
import { post } from './testing/post.ts'
import { runRouter } from './testing/router-fixture.ts'
import { routerProcess, writeConfig } from './testing/router-process.ts'
import { temporaryFolder } from './testing/temporary-folder.ts'

/** Starting processes takes its time on a busy machine. */
const SLOW = { timeout: 60_000 }

/** Status of a chat on a new connection, or the code of the error with which the connection was refused. */
function statusOnNewConnection(gateway: string): Promise<number | string> {
  return new Promise((resolve) => {
    const sent = request(gateway + CHAT, { method: 'POST', agent: false }, (answer) => {
      answer.resume()
      resolve(answer.statusCode ?? 0)
    })
    sent.on('error', (error) => resolve('code' in error ? String(error.code) : error.message))
    sent.end(chatBody())
  })
}

describe('SIGTERM', SLOW, () => {
  it('lets a running stream finish, refuses new requests, and ends with 0', async () => {
    const answers = heldAnswers()
    await using engine = await fakeEngine(answers.handle)
    using folder = temporaryFolder()
    writeConfig(folder.file('kvasir.yaml'), { endpoints: [engine.url] })
    await using router = await routerProcess(['--config', folder.file('kvasir.yaml')])
    expect((await fetch(`${router.admin}/readyz`)).status).toBe(200)
    const stream = await post(router.gateway + CHAT, chatBody({ stream: true }))
    const text = stream.text()

    router.kill('SIGTERM')
    await eventually('not ready', async () => (await fetch(`${router.admin}/readyz`)).status === 503)
    expect((await fetch(`${router.admin}/livez`)).status).toBe(200)
    expect(await statusOnNewConnection(router.gateway)).toSatisfy((found) => found === 503 || found === 'ECONNREFUSED')
    await router.logged(/^draining/)
    expect([answers.held, engine.requests.length]).toEqual([1, 1])

    answers.release()
    expect(await text).toBe(FIRST + LAST)
    expect(await router.exited).toBe(0)
    expect(router.log().map(({ msg }) => msg)).toEqual(expect.arrayContaining(['request', 'stopped']))
    expect(router.stderr()).toBe('')
  })

  it('breaks what is left when the drain time is over', async () => {
    const answers = heldAnswers()
    await using engine = await fakeEngine(answers.handle)
    using folder = temporaryFolder()
    writeConfig(folder.file('kvasir.yaml'), { endpoints: [engine.url], timeouts: { drain: '400ms' } })
    await using router = await routerProcess(['--config', folder.file('kvasir.yaml')])
    const stream = await post(router.gateway + CHAT, chatBody({ stream: true }))
    const text = stream.text()
    const since = performance.now()
    router.kill('SIGTERM')
    await expect(text).rejects.toThrow('terminated')
    expect(await router.exited).toBe(0)
    expect(performance.now() - since).toBeGreaterThan(380)
    await eventually('the engine is let go', () => answers.held === 0)
  })

  it('ends at once when it is idle, whatever connections clients keep', async () => {
    await using engine = await fakeEngine()
    using folder = temporaryFolder()
    writeConfig(folder.file('kvasir.yaml'), { endpoints: [engine.url], timeouts: { drain: '20s' } })
    await using router = await routerProcess(['--config', folder.file('kvasir.yaml')])
    for (const path of ['/v1/models', '/v1/models']) expect((await fetch(router.gateway + path)).status).toBe(200)
    const since = performance.now()
    router.kill('SIGTERM')
    expect(await router.exited).toBe(0)
    expect(performance.now() - since).toBeLessThan(8000)
  })

  it('given twice ends the program at once', async () => {
    const answers = heldAnswers()
    await using engine = await fakeEngine(answers.handle)
    using folder = temporaryFolder()
    writeConfig(folder.file('kvasir.yaml'), { endpoints: [engine.url] })
    await using router = await routerProcess(['--config', folder.file('kvasir.yaml')])
    const stream = await post(router.gateway + CHAT, chatBody({ stream: true }))
    const text = stream.text()
    router.kill('SIGINT')
    await router.logged(/^draining/)
    router.kill('SIGINT')
    await expect(text).rejects.toThrow('terminated')
    expect(await router.exited).toBe(1)
  })
})

describe('draining one endpoint', SLOW, () => {
  it('sends nothing new there and lets its stream finish', async () => {
    const answers = heldAnswers()
    await using a = await fakeEngine(answers.handle)
    await using b = await fakeEngine(answers.handle)
    const engines = { a, b }
    const endpoints = Object.entries(engines).map(([id, { url }]) => ({ id, url }))
    await using router = await runRouter({ endpoints, timeouts: { drain: '1s' } })
    const stream = await post(router.gateway + CHAT, chatBody({ stream: true }))
    const id = stream.headers.get('x-kvasir-endpoint')
    a.handle = plainAnswer
    b.handle = plainAnswer
    const [drained, other] = id === 'a' ? [a, 'b'] : [b, 'a']

    const answer = await post(`${router.admin}/api/endpoints/${id}/drain`, '{}')
    expect([answer.status, await answer.json()]).toEqual([200, { draining: id, inFlight: 1 }])
    for (let i = 0; i < 6; i++) {
      const next = await post(router.gateway + CHAT, chatBody())
      expect([next.status, next.headers.get('x-kvasir-endpoint')]).toEqual([200, other])
    }
    expect(drained.requests).toHaveLength(1)
    const view = (await endpointViews(router.admin)).find((endpoint) => endpoint.id === id)
    expect(view).toMatchObject({ draining: true, signals: { inFlight: 1 } })

    answers.release()
    expect(await stream.text()).toBe(FIRST + LAST)
    await eventually('idle', async () =>
      (await endpointViews(router.admin)).every(({ signals }) => signals.inFlight === 0),
    )
  })

  it('takes a body-less POST, with or without a content type', async () => {
    await using engine = await fakeEngine()
    await using router = await runRouter({ endpoints: [{ url: engine.url, id: 'e' }] })
    const url = `${router.admin}/api/endpoints/e/drain`
    expect((await fetch(url, { method: 'POST' })).status).toBe(200)
    expect((await post(url, '')).status).toBe(200)
    expect((await fetch(`${router.admin}/readyz`)).status).toBe(503)
  })

  it('is refused for an endpoint that does not exist, with those that do', async () => {
    await using engine = await fakeEngine()
    await using router = await runRouter({ endpoints: [{ url: engine.url, id: 'e' }] })
    const answer = await fetch(`${router.admin}/api/endpoints/nobody/drain`, { method: 'POST' })
    expect([answer.status, await answer.json()]).toEqual([
      404,
      { error: expect.stringMatching(/'nobody'.*known: 'e'/) },
    ])
  })
})
