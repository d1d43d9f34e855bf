import { execFile, spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { CHAT, chatBody, longChatBody } from './testing/chat.ts'
import { decisionViews } from './testing/decision-views.ts'
import { endpointViews } from './testing/endpoint-views.ts'
import { eventually } from './testing/eventually.ts'
import { fakeEngine } from './testing/fake-engine.ts'
import { runKvasir } from './testing/kvasir-process.ts'
import { modelNames } from './testing/model-names.ts'
import { post } from './testing/post.ts'
import { type RouterProcess, routerProcess, writeConfig } from './testing/router-process.ts'
import { temporaryFolder } from './testing/temporary-folder.ts'

/** Starting processes takes its time on a busy machine. */
const SLOW = { timeout: 60_000 }

const FAST = ['--port', '0', '--admin-port', '0', '--engine-speed', '50']
const hasCurl = spawnSync('curl', ['--version']).status === 0
const onLinux = process.platform === 'linux'

const urlsOf = async ({ admin }: RouterProcess): Promise<string[]> => (await endpointViews(admin)).map(({ url }) => url)

/** Ids of the processes that this one has started. */
function childrenOf(pid: number): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number)
}

async function refusesConnections(url: string): Promise<boolean> {
  return fetch(`${url}/health`).then(
    () => false,
    () => true,
  )
}

/** Sends what the printed line sends: by a shell where there is curl. */
async function tryIt(router: RouterProcess): Promise<string> {
  const line = /^Try it:\n +(curl .+)$/m.exec(router.stdout())?.[1] ?? ''
  if (hasCurl) return (await promisify(execFile)('sh', ['-c', `${line} -sS`], { timeout: 15_000 })).stdout
  const [, url = '', body = ''] = /^curl -N (\S+) -H 'content-type: application\/json' -d '(.+)'$/.exec(line) ?? []
  return (await post(url, body)).text()
}

describe('kvasir start without an endpoint', SLOW, () => {
  it('starts four simulated engines, routes to them, and prints a line that works', async () => {
    await using router = await routerProcess(FAST)
    const urls = await urlsOf(router)
    expect(new Set(urls).size).toBe(4)
    expect(router.stdout()).toMatch(/^Kvasir is ready in front of simulated engines/m)
    expect(router.stdout()).toMatch(/endpoints +4 of 4 ready, models: \S+/)

    const answer = await tryIt(router)
    expect(answer).toMatch(/^data: \{.*"content":.*\n\n/)
    expect(answer).toMatch(/data: \[DONE\]\s*$/)

    const [model] = await modelNames(router.gateway)
    const ask = (seed: string) => post(router.gateway + CHAT, longChatBody(3000, seed, { model, max_tokens: 8 }))
    const answers = await Promise.all(['a', 'b', 'c', 'd'].map(ask))
    const served = answers.map((one) => one.headers.get('x-kvasir-endpoint'))
    expect(served.toSorted((a, b) => String(a).localeCompare(String(b)))).toEqual([
      'engine-1',
      'engine-2',
      'engine-3',
      'engine-4',
    ])
    for (const one of answers) expect(await one.json()).toMatchObject({ usage: { completion_tokens: 8 } })
    const again = await ask('c')
    expect(again.headers.get('x-kvasir-endpoint')).toBe(served[2])
    expect(Number(again.headers.get('x-kvasir-matched-tokens'))).toBeGreaterThan(1000)
    expect(await again.json()).toMatchObject({
      usage: { prompt_tokens_details: { cached_tokens: expect.any(Number) } },
    })

    router.kill('SIGTERM')
    expect(await router.exited).toBe(0)
    for (const url of urls) await eventually(`no engine at ${url}`, () => refusesConnections(url))
  })

  it('leaves no engine behind when it is killed', async () => {
    await using router = await routerProcess([...FAST, '--engines', '3'])
    const urls = await urlsOf(router)
    expect(urls).toHaveLength(3)
    for (const url of urls) expect(await refusesConnections(url)).toBe(false)
    router.kill('SIGKILL')
    expect(await router.exited).toBe('SIGKILL')
    for (const url of urls) await eventually(`no engine at ${url}`, () => refusesConnections(url))
  })

  it.runIf(onLinux)('goes on with the others when an engine dies, and says so', async () => {
    await using router = await routerProcess([...FAST, '--engines', '2'])
    const [model] = await modelNames(router.gateway)
    const engines = childrenOf(router.pid)
    expect(engines).toHaveLength(2)
    process.kill(engines[0] ?? -1, 'SIGKILL')
    const { endpoint } = await router.logged(/^a simulated engine has stopped/)
    expect(endpoint).toMatch(/^engine-[12]$/)
    for (let i = 0; i < 6; i++) {
      const answer = await post(router.gateway + CHAT, chatBody({ model, max_tokens: 2 }))
      expect(answer.status).toBe(200)
      expect(answer.headers.get('x-kvasir-endpoint')).not.toBe(endpoint)
    }
  })

  const wrong: [args: string[], message: RegExp][] = [
    [['--engines', 'four'], /--engines: expected a whole number.*found 'four'/],
    [['--engine-profile', 'tpu'], /--engine-profile: expected one of .*found 'tpu'/],
    [['--prot', '1'], /unknown option '--prot'.*--port/s],
  ]

  it.concurrent.each(wrong)('refuses %j with exit code 2', async (args, message) => {
    const { code, stdout, stderr } = await runKvasir(['start', ...args])
    expect([stderr, stdout, code]).toEqual([expect.stringMatching(message), '', 2])
    expect(stderr).not.toMatch(/\n {4}at /)
  })
})

describe.concurrent('a plugin file of the user', SLOW, () => {
  const NAMED_SCORER = `
    export default ({ defineScorer, z }) =>
      defineScorer({
        type: 'named',
        summary: 'Prefers one endpoint by its id',
        options: z.strictObject({ id: z.string().describe('Id of the endpoint') }),
        reads: [],
        create({ id }) {
          const wanted: string = id
          return (_request: unknown, endpoint: { readonly id: string }): number => (endpoint.id === wanted ? 1 : 0)
        },
      })
  `
  const LAST_POLICY = `
    export default ({ definePolicy, z }) => [
      definePolicy({
        type: 'last-one',
        summary: 'Always the last endpoint',
        options: z.strictObject({}),
        reads: [],
        reasons: ['last'],
        unit: 'rank',
        create: () => ({ rank: (_request, candidates, ranking) => candidates.forEach((_, i) => (ranking.cost[i] = -i)) }),
      }),
    ]
  `

  it('adds a scorer, which weighted-scorers use with its options', async () => {
    await using a = await fakeEngine()
    await using b = await fakeEngine()
    using folder = temporaryFolder()
    writeFileSync(folder.file('my-scorer.ts'), NAMED_SCORER)
    const endpoints = [
      { url: a.url, id: 'a' },
      { url: b.url, id: 'b' },
    ]
    const policy = { type: 'weighted-scorers', scorers: [{ type: 'named', id: 'b', weight: 2 }] }
    writeConfig(folder.file('kvasir.yaml'), { endpoints, policy, plugins: ['./my-scorer.ts'] })
    await using router = await routerProcess(['--config', folder.file('kvasir.yaml')])
    for (let i = 0; i < 4; i++) {
      const answer = await post(router.gateway + CHAT, chatBody())
      expect([answer.status, answer.headers.get('x-kvasir-endpoint')]).toEqual([200, 'b'])
    }
    const [decision] = await decisionViews(router.admin, 1)
    expect(decision).toMatchObject({ policy: 'weighted-scorers', reason: 'best-score', unit: 'score' })
    expect(decision?.candidates.map(({ endpoint, terms }) => [endpoint, Object.values(terms)[0]])).toEqual([
      ['b', expect.any(Number)],
      ['a', 0],
    ])
  })

  it('adds a policy, which the configuration may name', async () => {
    await using a = await fakeEngine()
    await using b = await fakeEngine()
    using folder = temporaryFolder()
    writeFileSync(folder.file('policy.ts'), LAST_POLICY)
    const endpoints = [a.url, { url: b.url, id: 'b' }]
    writeConfig(folder.file('kvasir.yaml'), { endpoints, policy: 'last-one', plugins: ['policy.ts'] })
    await using router = await routerProcess(['--config', folder.file('kvasir.yaml')])
    const answer = await post(router.gateway + CHAT, chatBody())
    expect([answer.headers.get('x-kvasir-endpoint'), answer.headers.get('x-kvasir-reason')]).toEqual(['b', 'last'])
  })

  const wrong: [name: string, source: string | undefined, policy: object | string, message: RegExp][] = [
    ['is missing', undefined, 'random', /plugin .*mine\.ts: cannot be loaded: /],
    [
      'exports nothing',
      'export const x = 1',
      'random',
      /plugin .*mine\.ts: expected a default export .*found undefined/,
    ],
    ['throws', 'export default () => { throw new Error("ouch") }', 'random', /plugin .*mine\.ts: .*ouch/],
    [
      'takes a name that exists',
      LAST_POLICY.replace('last-one', 'random'),
      'random',
      /policy of type 'random' exists already/,
    ],
    [
      'is given a wrong option',
      NAMED_SCORER,
      { type: 'weighted-scorers', scorers: [{ type: 'named', ident: 'b' }] },
      /named.*ident|ident.*named/s,
    ],
    [
      'is not what the configuration names',
      NAMED_SCORER,
      { type: 'weighted-scorers', scorers: [{ type: 'nmaed', id: 'b' }] },
      /nmaed.*named/s,
    ],
  ]

  it.each(wrong)('that %s is refused with exit code 2', async (_name, source, policy, message) => {
    using folder = temporaryFolder()
    if (source !== undefined) writeFileSync(folder.file('mine.ts'), source)
    writeConfig(folder.file('kvasir.yaml'), { endpoints: ['http://127.0.0.1:1'], policy, plugins: ['mine.ts'] })
    const { code, stdout, stderr } = await runKvasir(['start', '--config', folder.file('kvasir.yaml')])
    expect([stderr, stdout, code]).toEqual([expect.stringMatching(message), '', 2])
    expect(stderr).not.toMatch(/\n {4}at /)
  })
})
