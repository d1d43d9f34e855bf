import { describe, expect, it } from 'vitest'
import type { EngineName } from './metrics/engine-table.ts'
import { pollEndpoint, type EndpointPoller, type PollOptions } from './poll-endpoint.ts'
import type { PollProblem } from './poll-problem.ts'
import type { ProbeAnswer } from './probe.ts'
import { fixture } from './testing/fixture.ts'
import { VirtualTime } from './testing/virtual-time.ts'

const HANG = Symbol('no answer until the request is aborted')

type Answer = string | Partial<ProbeAnswer> | Error | typeof HANG

function vllmPage(running: number, waiting = 0): string {
  return `vllm:num_requests_running ${running}\nvllm:num_requests_waiting ${waiting}\n`
}

interface Rig extends AsyncDisposable {
  readonly time: VirtualTime
  readonly poller: EndpointPoller
  /** What the endpoint answers, by path; 404 to the rest. A test may change it. */
  readonly routes: Record<string, Answer>
  /** When which path was asked. */
  readonly asked: (readonly [number, string])[]
  readonly problems: PollProblem[]
  /** When this path was asked, from `since` on. */
  times(path: string, since?: number): number[]
}

/** An endpoint in virtual time, polled; with an engine unless it is to be found out. */
function rig(routes: Record<string, Answer>, engine?: EngineName, options: Partial<PollOptions> = {}): Rig {
  const time = new VirtualTime()
  const asked: (readonly [number, string])[] = []
  const problems: PollProblem[] = []
  const probe = async (path: string, signal?: AbortSignal): Promise<ProbeAnswer> => {
    asked.push([time.clock(), path])
    const answer = routes[path]
    if (answer === HANG) {
      await new Promise((_, reject) => signal?.addEventListener('abort', () => reject(new Error('aborted'))))
    }
    if (answer instanceof Error) throw answer
    const given = typeof answer === 'string' ? { status: 200, text: answer } : typeof answer === 'object' ? answer : {}
    return { status: 404, headers: {}, text: '', ...given }
  }
  const poller = pollEndpoint({
    probe,
    clock: time.clock,
    sleep: time.sleep,
    onProblem: (problem) => problems.push(problem),
    ...(engine === undefined ? {} : { engine }),
    ...options,
  })
  return {
    time,
    poller,
    routes,
    asked,
    problems,
    times: (path, since = 0) => asked.filter(([at, of]) => of === path && at >= since).map(([at]) => at),
    [Symbol.asyncDispose]: () => poller[Symbol.asyncDispose](),
  }
}

describe('the pace', () => {
  it('is slow while the engine is idle and fast while it is busy', async () => {
    await using rigged = rig({ '/metrics': vllmPage(0) }, 'vllm')
    const { time, routes, times } = rigged
    await time.advance(4.5)
    expect(times('/metrics')).toEqual([0, 2, 4])
    routes['/metrics'] = vllmPage(1)
    await time.advance(2.5)
    expect(times('/metrics', 4.5)).toEqual([6, 6.25, 6.5, 6.75, 7])
    routes['/metrics'] = vllmPage(0)
    await time.advance(3)
    expect(times('/metrics', 7.1)).toEqual([7.25, 9.25])
  })

  it('tells each time before it asks for the load', async () => {
    let told = 0
    await using rigged = rig({ '/metrics': vllmPage(1) }, 'vllm', { onAsking: () => void told++ })
    await rigged.time.advance(0.6)
    expect([told, rigged.times('/metrics').length]).toEqual([3, 3])
  })

  it('is fast while requests only wait, or while this router has requests there', async () => {
    await using waiting = rig({ '/metrics': vllmPage(0, 1) }, 'vllm')
    await waiting.time.advance(0.6)
    expect(waiting.times('/metrics')).toEqual([0, 0.25, 0.5])
    await using ours = rig({ '/metrics': vllmPage(0) }, 'vllm', { busy: () => true })
    await ours.time.advance(0.6)
    expect(ours.times('/metrics')).toEqual([0, 0.25, 0.5])
  })

  it('picks up at once when it is nudged, and not sooner than the pace allows', async () => {
    let busy = false
    await using rigged = rig({ '/metrics': vllmPage(0) }, 'vllm', { busy: () => busy })
    const { time, poller, times } = rigged
    await time.advance(1)
    poller.nudge()
    await time.advance(0.1)
    expect(times('/metrics')).toEqual([0])
    busy = true
    poller.nudge()
    await time.advance(0.3)
    expect(times('/metrics')).toEqual([0, 1.1, 1.35])
    for (let i = 0; i < 5; i++) poller.nudge()
    await time.advance(0.1)
    expect(times('/metrics')).toEqual([0, 1.1, 1.35])
  })

  it('asks for facts now and then', async () => {
    await using rigged = rig(
      { '/metrics': vllmPage(0), '/v1/models': '{"data":[{"id":"m"}]}', '/version': '{"version":"1"}' },
      'vllm',
    )
    await rigged.time.advance(130)
    expect(rigged.times('/v1/models')).toEqual([0, 60, 120])
    expect(rigged.times('/version')).toEqual([0])
    expect(rigged.poller.state().reading).toMatchObject({ modelIds: ['m'], version: '1', running: 0 })
  })

  it('is a few requests a second, however many routes an engine has', async () => {
    const slots = JSON.stringify([{ id: 0, n_ctx: 4096, is_processing: true, n_prompt_tokens: 2048 }])
    const routes = {
      '/metrics': fixture('llama-cpp.txt'),
      '/slots': slots,
      '/props': '{"total_slots":1}',
      '/v1/models': '{"data":[]}',
    }
    await using rigged = rig(routes, 'llama-cpp')
    await rigged.time.advance(59.9)
    expect(rigged.asked.length / 60).toBeLessThan(5.5)
    expect(rigged.poller.state().reading).toMatchObject({ running: 2, waiting: 1, kvUsage: 0.5, maxRunning: 1 })
  })

  it('lets a sleeping llama.cpp sleep: what wakes it is asked once, and while there are requests', async () => {
    const slots = '[{"n_ctx":4096,"is_processing":false}]'
    const metrics = 'llamacpp:requests_processing 0\nllamacpp:requests_deferred 0\n'
    let busy = false
    await using one = rig({ '/slots': slots, '/metrics': metrics }, 'llama-cpp', { busy: () => busy })
    await one.time.advance(20)
    expect(one.times('/slots')).toEqual([0])
    expect(one.times('/metrics').length).toBeGreaterThan(5)
    busy = true
    one.poller.nudge()
    await one.time.advance(3.1)
    expect(one.times('/slots', 19)).toHaveLength(4)
  })

  it('leaves a route that takes from others alone while a better one answers', async () => {
    const routes: Record<string, Answer> = {
      '/metrics': fixture('tensorrt-llm.json'),
      '/prometheus/metrics': fixture('tensorrt-llm.txt'),
    }
    await using rigged = rig(routes, 'tensorrt-llm')
    await rigged.time.advance(5)
    expect(rigged.times('/metrics')).toEqual([])
    expect(rigged.poller.state().reading.running).toBe(9)
    routes['/prometheus/metrics'] = { status: 404 }
    await rigged.time.advance(2.1)
    expect(rigged.times('/metrics')).toEqual([5.25, 6.25])
    expect(rigged.poller.state().reading.running).toBe(6)
  })

  it('reads the loads of SGLang, and its page for the counters', async () => {
    const routes = {
      '/metrics': fixture('sglang-two-ranks.txt'),
      '/v1/loads?include=core': fixture('sglang-loads.json'),
    }
    await using rigged = rig(routes, 'sglang')
    await rigged.time.advance(10.1)
    expect(rigged.times('/metrics')).toEqual([0, 5, 10])
    expect(rigged.times('/v1/loads?include=core').length).toBe(41)
    expect(rigged.poller.state().reading).toMatchObject({ waitingTokens: 8192, prefixCacheHitTokens: 240_000 })
  })

  it('does not let facts that hang hold up the load', async () => {
    await using rigged = rig({ '/metrics': vllmPage(1), '/v1/models': HANG }, 'vllm')
    await rigged.time.advance(1.1)
    expect(rigged.times('/metrics')).toEqual([0, 0.25, 0.5, 0.75, 1])
    expect(rigged.times('/v1/models')).toEqual([0])
  })

  it('asks a plain server nothing', async () => {
    await using rigged = rig({}, 'openai')
    await rigged.time.advance(5000)
    expect(rigged.asked).toEqual([])
    expect(rigged.poller.state().age).toBe(Infinity)
  })
})

describe('a reading', () => {
  it('has the age of its load', async () => {
    await using rigged = rig({ '/metrics': vllmPage(0, 0) }, 'vllm')
    expect(rigged.poller.state()).toMatchObject({ age: Infinity, reading: { running: undefined } })
    await rigged.time.advance(3.5)
    expect(rigged.poller.state()).toMatchObject({ age: 1.5, reading: { running: 0 } })
  })

  it('is kept while the endpoint does not answer, until it is too old; facts stay', async () => {
    const routes: Record<string, Answer> = { '/metrics': vllmPage(3), '/v1/models': '{"data":[{"id":"m"}]}' }
    await using rigged = rig(routes, 'vllm')
    await rigged.time.advance(0.1)
    routes['/metrics'] = new Error('connect ECONNREFUSED')
    await rigged.time.advance(9.8)
    expect(rigged.poller.state()).toMatchObject({ age: 9.9, reading: { running: 3 } })
    await rigged.time.advance(0.2)
    expect(rigged.poller.state()).toMatchObject({ age: Infinity, reading: { running: undefined, modelIds: ['m'] } })
  })

  it('that comes with an answer counts until the next poll', async () => {
    await using rigged = rig({ '/metrics': vllmPage(0, 0) }, 'vllm')
    const { time, poller } = rigged
    await time.advance(1)
    poller.inBand({ waiting: 7, kvUsage: 0.9 })
    await time.advance(0.5)
    expect(poller.state()).toMatchObject({ age: 0.5, reading: { running: 0, waiting: 7, kvUsage: 0.9 } })
    await time.advance(0.6)
    expect(poller.state().reading).toMatchObject({ waiting: 0, kvUsage: undefined })
  })

  it('that comes with answers puts polls off, no further than to one a second', async () => {
    const { time, poller, times, ...rest } = rig({ '/metrics': vllmPage(1, 0) }, 'vllm')
    await using _ = rest
    await time.advance(0.9)
    expect(times('/metrics')).toEqual([0, 0.25, 0.5, 0.75])
    for (let i = 0; i < 20; i++) {
      poller.inBand({ waiting: 1 })
      await time.advance(0.1)
    }
    expect(times('/metrics', 0.8)).toEqual([1.75, 2.75])
    await time.advance(1)
    const [, , next, ...others] = times('/metrics', 0.8)
    expect(next).toBeCloseTo(3.3, 6)
    expect(others).toHaveLength(2)
  })

  it('that comes with answers makes no poll of an idle engine', async () => {
    await using rigged = rig({ '/metrics': vllmPage(0, 0) }, 'vllm')
    await rigged.time.advance(0.1)
    rigged.poller.inBand({ waiting: 0 })
    await rigged.time.advance(3)
    expect(rigged.times('/metrics')).toEqual([0, 2])
  })

  it('is kept where the engine has nothing new to tell, and its age goes on', async () => {
    const routes: Record<string, Answer> = { '/metrics': fixture('tensorrt-llm.json') }
    await using rigged = rig(routes, 'tensorrt-llm')
    await rigged.time.advance(0.5)
    routes['/metrics'] = '[]'
    await rigged.time.advance(4)
    expect(rigged.times('/metrics')).toEqual([0, 1, 2, 3, 4])
    expect(rigged.poller.state()).toMatchObject({ age: 4.5, reading: { running: 6 } })
    expect(rigged.problems.map(({ path }) => path)).toEqual(['/prometheus/metrics'])
  })
})

describe('a problem', () => {
  it('is told once, not once a poll, and makes the reading unknown', async () => {
    const routes: Record<string, Answer> = { '/metrics': vllmPage(3) }
    await using rigged = rig(routes, 'vllm')
    await rigged.time.advance(0.1)
    routes['/metrics'] = '<!DOCTYPE html><title>Sign in</title>'
    await rigged.time.advance(30)
    expect(rigged.poller.state().reading.running).toBeUndefined()
    expect(rigged.times('/metrics', 1).length).toBeGreaterThan(3)
    expect(rigged.problems).toEqual([
      {
        kind: 'not-metrics',
        path: '/metrics',
        message: expect.stringMatching(/vLLM from GET \/metrics, found HTML: .*Sign in.*: check/),
      },
    ])
  })

  it('is told again when it is another one, or when it comes back later', async () => {
    const routes: Record<string, Answer> = { '/metrics': '<html>' }
    await using rigged = rig(routes, 'vllm', { pace: { retryMost: 1 } })
    const kinds = (): string[] => rigged.problems.map(({ kind }) => kind)
    await rigged.time.advance(3)
    routes['/metrics'] = { status: 500 }
    await rigged.time.advance(3)
    routes['/metrics'] = new Error('ECONNRESET')
    await rigged.time.advance(3)
    routes['/metrics'] = 'node_load1 1\n'
    await rigged.time.advance(3)
    expect(kinds()).toEqual(['not-metrics', 'status', 'no-answer', 'no-families'])
    routes['/metrics'] = vllmPage(0)
    await rigged.time.advance(60)
    routes['/metrics'] = '<html>'
    await rigged.time.advance(3)
    expect(kinds().slice(4)).toEqual(['not-metrics'])
  })

  it('that comes and goes is told once a minute at most', async () => {
    const routes: Record<string, Answer> = {}
    await using rigged = rig(routes, 'vllm', { pace: { retryMost: 1, missing: 1 } })
    for (let second = 0; second < 120; second++) {
      routes['/metrics'] = second % 2 === 0 ? '<html>' : vllmPage(1)
      await rigged.time.advance(1)
    }
    expect(rigged.problems.length).toBeLessThanOrEqual(3)
  })

  it('makes the next tries rarer, and is forgotten with the first that works', async () => {
    const routes: Record<string, Answer> = { '/metrics': new Error('ECONNREFUSED') }
    await using rigged = rig(routes, 'vllm')
    await rigged.time.advance(100)
    expect(rigged.times('/metrics')).toEqual([0, 1, 3, 7, 15, 31, 61, 91])
    routes['/metrics'] = vllmPage(0)
    await rigged.time.advance(25)
    expect(rigged.times('/metrics', 92)).toEqual([121, 123, 125])
  })

  it('says what to switch on, and looks again now and then whether it is', async () => {
    const off = { status: 501, text: '{"error":{"code":501}}' }
    const routes: Record<string, Answer> = { '/metrics': off, '/slots': off }
    await using rigged = rig(routes, 'llama-cpp')
    await rigged.time.advance(50)
    expect(rigged.times('/metrics')).toEqual([0])
    expect(rigged.problems.map(({ message }) => message)).toEqual([
      'expected the state of llama.cpp from GET /slots, found status 501: start it with --slots',
      'expected the state of llama.cpp from GET /metrics, found status 501: start it with --metrics',
    ])
    routes['/metrics'] = fixture('llama-cpp.txt')
    await rigged.time.advance(10.1)
    expect(rigged.poller.state().reading.running).toBe(2)
  })

  it('of a route that an engine need not have is none', async () => {
    await using rigged = rig({ '/metrics': fixture('lmdeploy.txt') }, 'lmdeploy')
    await rigged.time.advance(5)
    expect(rigged.problems).toEqual([])
  })
})

describe('the engine', () => {
  it('is found out, and again after the endpoint became another one', async () => {
    const found: string[] = []
    const routes: Record<string, Answer> = { '/metrics': vllmPage(1) }
    await using rigged = rig(routes, undefined, { onEngine: ({ engine }) => found.push(engine) })
    expect(rigged.poller.engine).toBeUndefined()
    await rigged.time.advance(1)
    expect(rigged.poller.engine).toBe('vllm')
    routes['/metrics'] = new Error('ECONNREFUSED')
    await rigged.time.advance(3)
    routes['/metrics'] = fixture('sglang-two-ranks.txt')
    await rigged.time.advance(5)
    expect(found).toEqual(['vllm', 'sglang'])
    expect(rigged.poller.state().reading.running).toBe(20)
  })

  it('is looked for until the endpoint answers', async () => {
    const routes: Record<string, Answer> = {
      '/metrics': new Error('ECONNREFUSED'),
      '/v1/models': new Error('ECONNREFUSED'),
    }
    await using rigged = rig(routes)
    await rigged.time.advance(5)
    expect(rigged.times('/metrics')).toEqual([0, 1, 3])
    expect(rigged.problems).toMatchObject([{ kind: 'no-answer', message: expect.stringContaining('ECONNREFUSED') }])
    routes['/metrics'] = vllmPage(2)
    await rigged.time.advance(3)
    expect(rigged.poller.state().reading.running).toBe(2)
  })

  it('that gives no sign is looked for again after a while', async () => {
    const routes: Record<string, Answer> = {}
    await using rigged = rig(routes)
    await rigged.time.advance(599)
    expect(rigged.poller.engine).toBe('openai')
    expect(rigged.asked).toHaveLength(6)
    routes['/metrics'] = vllmPage(2)
    await rigged.time.advance(2)
    expect(rigged.poller.engine).toBe('vllm')
  })

  it('that the operator named is not doubted', async () => {
    await using rigged = rig({ '/metrics': fixture('sglang-two-ranks.txt') }, 'vllm')
    await rigged.time.advance(5)
    expect(rigged.poller.engine).toBe('vllm')
    expect(rigged.problems).toMatchObject([{ kind: 'no-families' }])
  })
})

describe('disposing', () => {
  it('breaks off what is under way and asks nothing more', async () => {
    for (const engine of ['vllm', undefined] as const) {
      const rigged = rig({ '/metrics': HANG, '/v1/models': HANG }, engine)
      await rigged.time.advance(1)
      await rigged.poller[Symbol.asyncDispose]()
      const asked = rigged.asked.length
      await rigged.time.advance(1000)
      expect(rigged.asked).toHaveLength(asked)
      expect(rigged.problems).toEqual([])
    }
  })

  it('wakes a poller that sleeps', async () => {
    const rigged = rig({ '/metrics': vllmPage(0) }, 'vllm')
    await rigged.time.advance(1)
    await rigged.poller[Symbol.asyncDispose]()
    expect(rigged.times('/metrics')).toEqual([0])
  })
})
