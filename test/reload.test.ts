import { writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { once } from 'node:events'
import { stringify } from 'yaml'
import { describe, expect, it } from 'vitest'
import { CHAT, chatBody } from './testing/chat.ts'
import { endpointViews } from './testing/endpoint-views.ts'
import { eventually } from './testing/eventually.ts'
import { fakeEngine } from './testing/fake-engine.ts'
import { freePort } from './testing/free-port.ts'
import { FIRST, heldAnswers, LAST } from './testing/held-answers.ts'
import { kvasirProcess, runKvasir } from './testing/kvasir-process.ts'
import { post } from './testing/post.ts'
import { type RouterProcess, routerProcess, writeConfig } from './testing/router-process.ts'
import { steadyTraffic } from './testing/steady-traffic.ts'
import { temporaryFolder } from './testing/temporary-folder.ts'

/** Starting processes takes its time on a busy machine. */
const SLOW = { timeout: 60_000 }

/** A router process with a configuration file that a test may rewrite. */
async function reloadable(settings: object) {
  const folder = temporaryFolder()
  const file = folder.file('kvasir.yaml')
  writeConfig(file, settings)
  const router = await routerProcess(['--config', file])
  return {
    file,
    router,
    write: (changed: object) => writeConfig(file, changed),
    reloads: () => router.log().filter(({ msg }) => msg === 'configuration reloaded').length,
    async [Symbol.asyncDispose]() {
      await router[Symbol.asyncDispose]()
      folder[Symbol.dispose]()
    },
  }
}

/** Rewrites the file, and waits until the router has taken it over by itself. */
async function rewrite({ write, reloads }: Awaited<ReturnType<typeof reloadable>>, settings: object): Promise<void> {
  const before = reloads()
  write(settings)
  await eventually('reloaded', () => reloads() > before)
}

const statusOf = async ({ gateway }: RouterProcess, model: string): Promise<number> =>
  (await post(gateway + CHAT, chatBody({ model }))).status

describe.concurrent('a changed configuration file', SLOW, () => {
  it('adds and removes endpoints, while a stream on a removed one finishes', async () => {
    const answers = heldAnswers()
    await using a = await fakeEngine(answers.handle)
    await using b = await fakeEngine()
    await using run = await reloadable({ endpoints: [{ url: a.url, id: 'a' }] })
    const { router } = run
    const stream = await post(router.gateway + CHAT, chatBody({ stream: true }))
    await rewrite(run, { endpoints: [{ url: b.url, id: 'b' }] })
    await eventually('b alone', async () => {
      const views = await endpointViews(router.admin)
      return views.length === 1 && views[0]?.id === 'b' && views[0].ready
    })
    expect(await statusOf(router, 'm')).toBe(200)
    expect([a.requests.length, b.requests.length, answers.held]).toEqual([1, 1, 1])
    answers.release()
    expect(await stream.text()).toBe(FIRST + LAST)
    await eventually('no connection to the removed engine', () => a.sockets.size === 0)
  })

  it('is taken over although it changes while the router starts', async () => {
    await using engine = await fakeEngine()
    using folder = temporaryFolder()
    const file = folder.file('kvasir.yaml')
    // For an endpoint that does not answer the start waits a while.
    const endpoints = [engine.url, `http://127.0.0.1:${await freePort()}`]
    writeConfig(file, { endpoints })
    await using router = kvasirProcess(['start', '--config', file])
    await eventually('a probe', () => engine.sockets.size > 0)
    expect(router.stdout()).not.toContain('Kvasir is ready')
    writeConfig(file, { endpoints, limits: { attempts: 1 } })
    await router.logged(/^configuration reloaded/)
  })

  it('changes aliases and policy', async () => {
    await using a = await fakeEngine()
    await using b = await fakeEngine()
    const endpoints = [a.url, b.url]
    await using run = await reloadable({ endpoints, pools: [{ model: 'm', aliases: ['old'] }] })
    const { router } = run
    expect([await statusOf(router, 'old'), await statusOf(router, 'new')]).toEqual([200, 404])
    await rewrite(run, { endpoints, policy: 'round-robin', pools: [{ model: 'm', aliases: ['new'] }] })
    expect([await statusOf(router, 'old'), await statusOf(router, 'new')]).toEqual([404, 200])
    const decisions = await (await fetch(`${router.admin}/api/decisions?limit=2`)).json()
    expect(decisions).toMatchObject({ decisions: [{ policy: 'round-robin' }, { policy: 'marginal-cost' }] })
  })

  it('is also read on SIGHUP, and takes limits over', async () => {
    await using engine = await fakeEngine()
    await using run = await reloadable({ endpoints: [engine.url] })
    const { router } = run
    const large = chatBody({ messages: [{ role: 'user', content: 'x'.repeat(10_000) }] })
    expect((await post(router.gateway + CHAT, large)).status).toBe(200)
    router.kill('SIGHUP')
    await router.logged(/^configuration reloaded/)
    const before = run.reloads()
    run.write({ endpoints: [engine.url], limits: { body: 1000 }, listen: { host: '127.0.0.1', port: 1 } })
    router.kill('SIGHUP')
    await eventually('reloaded', () => run.reloads() > before)
    expect((await post(router.gateway + CHAT, large)).status).toBe(413)
    expect(await router.logged(/^these keys take effect at the next start/)).toMatchObject({ keys: ['listen'] })
  })

  it('drops no request of a steady traffic: endpoints, policy and aliases', async () => {
    await using a = await fakeEngine()
    await using b = await fakeEngine()
    const both = [
      { url: a.url, id: 'a' },
      { url: b.url, id: 'b' },
    ]
    await using run = await reloadable({ endpoints: both.slice(0, 1) })
    await using traffic = steadyTraffic(run.router.gateway)
    await eventually('traffic', () => traffic.answered > 10)
    await rewrite(run, { endpoints: both, policy: 'least-loaded', pools: [{ model: 'm', aliases: ['x'] }] })
    await eventually('traffic at b', () => b.requests.length > 10)
    await rewrite(run, { endpoints: both.slice(1), policy: 'round-robin' })
    const seen = traffic.answered
    await eventually('traffic', () => traffic.answered > seen + 10)
    expect(await traffic.stop()).toEqual([])
  })

  it('drops no request when all endpoints change their connection settings', async () => {
    await using a = await fakeEngine()
    const endpoints = [{ url: a.url, id: 'a' }]
    await using run = await reloadable({ endpoints })
    await using traffic = steadyTraffic(run.router.gateway)
    await eventually('traffic', () => traffic.answered > 10)
    await rewrite(run, { endpoints, timeouts: { firstByte: '60s', keepAlive: '3s' } })
    const seen = traffic.answered
    await eventually('traffic', () => traffic.answered > seen + 10)
    expect(await traffic.stop()).toEqual([])
  })

  it('drops no request when all endpoints are replaced', async () => {
    await using a = await fakeEngine()
    await using b = await fakeEngine()
    await using run = await reloadable({ endpoints: [a.url] })
    await using traffic = steadyTraffic(run.router.gateway)
    await eventually('traffic', () => traffic.answered > 10)
    await rewrite(run, { endpoints: [b.url] })
    await eventually('traffic at b', () => b.requests.length > 10)
    expect(await traffic.stop()).toEqual([])
  })

  it('that is wrong leaves the old one in force, and the log says where it is wrong', async () => {
    await using engine = await fakeEngine()
    const settings = { endpoints: [{ url: engine.url, id: 'e' }], pools: [{ model: 'm', aliases: ['old'] }] }
    await using run = await reloadable(settings)
    const { router, file } = run
    writeFileSync(
      file,
      `endpoints:\n  - ${engine.url}\npolicy: no-such-policy\npools:\n  - model: m\n    alias: [new]\n`,
    )
    const { problem } = await router.logged(/^configuration not reloaded/)
    expect(problem).toContain(`${file}:3:9: policy: expected one of `)
    expect(problem).toContain(`${file}:6:5: pools[0].alias: `)
    expect([await statusOf(router, 'old'), await statusOf(router, 'new')]).toEqual([200, 404])
    await rewrite(run, { ...settings, pools: [{ model: 'm', aliases: ['new'] }] })
    expect([await statusOf(router, 'old'), await statusOf(router, 'new')]).toEqual([404, 200])
  })

  it('with a policy that cannot be created is not taken over in part, nor at the second try', async () => {
    await using engine = await fakeEngine()
    const settings = { endpoints: [{ url: engine.url, id: 'e' }], pools: [{ model: 'm', aliases: ['old'] }] }
    await using run = await reloadable(settings)
    const { router } = run
    const refusals = () => router.log().filter(({ msg }) => msg.startsWith('configuration not reloaded'))
    const policy = { type: 'weighted-scorers', scorers: [{ type: 'no-such-scorer', weight: 1 }] }
    run.write({ ...settings, policy, pools: [{ model: 'm', aliases: ['new'] }] })
    expect(await router.logged(/^configuration not reloaded/)).toMatchObject({
      problem: expect.stringMatching(/no-such-scorer/),
    })
    expect([await statusOf(router, 'old'), await statusOf(router, 'new')]).toEqual([200, 404])
    router.kill('SIGHUP')
    await eventually('a second refusal', () => refusals().length === 2)
  })
})

describe.concurrent('what cannot be started', SLOW, () => {
  it.each(['gateway', 'admin'])('a port in use is named: %s', async (listener) => {
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    const address = other.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    using folder = temporaryFolder()
    const key = listener === 'gateway' ? 'listen' : 'admin'
    const endpoints = ['http://127.0.0.1:1']
    writeConfig(folder.file('kvasir.yaml'), { endpoints, [key]: { host: '127.0.0.1', port } })
    const { code, stdout, stderr } = await runKvasir(['start', '--config', folder.file('kvasir.yaml')])
    other.close()
    const flag = listener === 'gateway' ? '--port' : '--admin-port'
    expect(stderr).toMatch(
      new RegExp(`^kvasir: cannot open the ${listener} listener on 127\\.0\\.0\\.1:${port}: .*${flag}`),
    )
    expect([code, stdout, stderr.trim().split('\n').length]).toEqual([2, '', 1])
  })

  it('a wrong configuration is refused with all errors at once, each with its line and column', async () => {
    using folder = temporaryFolder()
    const file = folder.file('kvasir.yaml')
    writeFileSync(
      file,
      [
        'endpoints:',
        '  - url: localhost:8000',
        '    maxConcurrency: 0',
        'polcy: round-robin',
        'timeouts: { drain: soon }',
        'listen:',
        '  port: 70000',
      ].join('\n'),
    )
    const { code, stdout, stderr } = await runKvasir(['start', '--config', file])
    expect([code, stdout]).toEqual([2, ''])
    const places = stderr.split('\n').flatMap((line) => (line.startsWith(file) ? [line.slice(file.length + 1)] : []))
    expect(places).toEqual([
      expect.stringMatching(/^2:10: endpoints\[0\]\.url: expected a URL.*found "localhost:8000"/),
      expect.stringMatching(/^3:21: endpoints\[0\]\.maxConcurrency: expected .*found 0/),
      expect.stringMatching(/^4:1: polcy: /),
      expect.stringMatching(/^5:20: timeouts\.drain: expected .*found "soon"/),
      expect.stringMatching(/^7:9: listen\.port: expected a port.*found 70000/),
    ])
    expect(stderr).toContain('did you mean policy?')
  })

  it('a file that is not YAML is refused with its place', async () => {
    using folder = temporaryFolder()
    writeFileSync(folder.file('kvasir.yaml'), 'endpoints: [http://127.0.0.1:1\nlisten: {')
    const { code, stderr } = await runKvasir(['start', '--config', folder.file('kvasir.yaml')])
    expect(code).toBe(2)
    expect(stderr).toMatch(/kvasir\.yaml:2:\d+: .*not valid YAML/)
  })

  it('a file that does not exist is refused by its name', async () => {
    const { code, stderr } = await runKvasir(['start', '--config', '/nowhere/kvasir.yaml'])
    expect(code).toBe(2)
    expect(stderr).toMatch(/expected a readable file: .*\/nowhere\/kvasir\.yaml/)
  })
})

describe.concurrent('where the configuration comes from', SLOW, () => {
  const free = { KVASIR_ADMIN_PORT: '0', KVASIR_LISTEN_HOST: '127.0.0.1' }

  it('BACKENDS, PORT and HEALTH_PATH mean what they mean to KV-Router', async () => {
    await using a = await fakeEngine(undefined, 0, { health: 500, models: ['m'] })
    await using b = await fakeEngine(undefined, 0, { health: 500, models: ['m'] })
    const port = await freePort()
    const env = {
      ...free,
      BACKENDS: `${a.url},${b.url}/`,
      PORT: String(port),
      HEALTH_PATH: '/v1/models',
      LOG_LEVEL: 'INFO',
    }
    await using router = await routerProcess([], { env })
    expect(new URL(router.gateway).port).toBe(String(port))
    const views = await endpointViews(router.admin)
    expect(views.map(({ url, ready }) => [url, ready])).toEqual([
      [a.url, true],
      [b.url, true],
    ])
    expect(await statusOf(router, 'm')).toBe(200)
  })

  it('flags win over the environment, and that over the file', async () => {
    await using engine = await fakeEngine()
    using folder = temporaryFolder()
    const settings = { endpoints: [engine.url], policy: 'random', limits: { body: 100, attempts: 1 } }
    writeConfig(folder.file('kvasir.yaml'), settings)
    const env = { KVASIR_POLICY: 'round-robin', KVASIR_LIMITS_BODY: '1MiB' }
    const args = ['--config', folder.file('kvasir.yaml'), '--policy', 'least-loaded']
    await using router = await routerProcess(args, { env })
    expect(await statusOf(router, 'm')).toBe(200)
    const decisions = await (await fetch(`${router.admin}/api/decisions`)).json()
    expect(decisions).toMatchObject({ decisions: [{ policy: 'least-loaded' }] })
  })

  it.each(['KVASIR_CONFIG', 'kvasir.yaml in the working directory'])(
    '%s names the file, which is watched',
    async (way) => {
      await using a = await fakeEngine()
      await using b = await fakeEngine()
      using folder = temporaryFolder()
      const byVariable = way === 'KVASIR_CONFIG'
      const file = folder.file(byVariable ? 'other.yaml' : 'kvasir.yaml')
      writeConfig(file, { endpoints: [a.url] })
      const env: Record<string, string> = byVariable ? { KVASIR_CONFIG: file } : {}
      // One engine, should it take the file for missing: fewer processes to start in vain.
      await using router = await routerProcess(['--engines', '1'], { env: { ...free, ...env }, cwd: folder.path })
      expect((await endpointViews(router.admin)).map(({ url }) => url)).toEqual([a.url])
      writeFileSync(file, stringify({ endpoints: [a.url, b.url] }))
      await eventually('both', async () => (await endpointViews(router.admin)).length === 2)
    },
  )
})
