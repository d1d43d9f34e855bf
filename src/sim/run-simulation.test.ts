import { describe, expect, test } from 'vitest'
import { runSimulation } from './run-simulation.ts'
import type { Scenario } from './scenario.ts'
import type { SimulatedRequest } from './simulation-result.ts'
import { endpoint, ids, openWorkload, plainProfile, scenario, text, turn } from './testing/small-scenario.ts'

const ROUND_ROBIN = { type: 'round-robin' }
const LEAST_LOADED = { type: 'least-loaded' }

/** One column of the measured requests, rounded to a microsecond. */
function column(given: Scenario, name: keyof SimulatedRequest): number[] {
  return runSimulation(given).requests.map((request) => Math.round(request[name] * 1e6) / 1e6)
}

describe('two endpoints, by hand', () => {
  test('two prompts at once go to one endpoint each', () => {
    const given = scenario(
      openWorkload([
        { at: 0, prompt: text(ids(0, 30)), output: 11 },
        { at: 0, prompt: text(ids(100, 30)), output: 11 },
      ]),
    )
    expect(column(given, 'endpoint')).toEqual([0, 1])
    expect(column(given, 'ttft')).toEqual([0.96, 0.96])
    expect(column(given, 'tpot')).toEqual([0.01, 0.01])
    expect(column(given, 'e2e')).toEqual([1.06, 1.06])
    expect(runSimulation(given).span).toBeCloseTo(1.06, 9)
  })

  test('behind another prompt a prompt waits for it', () => {
    const given = scenario(
      openWorkload([
        { at: 0, prompt: text(ids(0, 30)) },
        { at: 0.5, prompt: text(ids(100, 10)) },
      ]),
      { endpoints: [endpoint('a')] },
    )
    expect(column(given, 'ttft')).toEqual([0.96, 0.46 + 0.32])
  })

  test('a repeated prompt computes its last block only, where it is cached', () => {
    const prompt = text(ids(0, 30))
    const given = scenario(openWorkload([0, 10, 20].map((at) => ({ at, prompt }))), { policy: ROUND_ROBIN })
    expect(column(given, 'endpoint')).toEqual([0, 1, 0])
    expect(column(given, 'cachedTokens')).toEqual([0, 0, 944])
    expect(column(given, 'predictedTokens')).toEqual([0, 0, 960])
    expect(column(given, 'ttft')).toEqual([0.96, 0.96, 0.016])
    expect(column({ ...given, policy: { type: 'least-prefill-work' } }, 'endpoint')).toEqual([0, 0, 0])
  })

  test('a prompt in flight counts as held, so that a burst stays together while that is faster', () => {
    const prompt = text(ids(0, 30))
    const burst = scenario(openWorkload([0, 0.001, 0.002].map((at) => ({ at, prompt }))))
    expect(column(burst, 'endpoint')).toEqual([0, 0, 0])
  })

  test('the first requests can be left out', () => {
    const requests = ids(0, 10).map((at) => ({ at, prompt: text([at]) }))
    const given = scenario(openWorkload(requests), { warmUp: 0.25 })
    expect(column(given, 'arrival')).toEqual([3, 4, 5, 6, 7, 8, 9])
    expect(runSimulation(given).sent).toEqual([5, 5])
  })

  test('backlog on one of two endpoints varies by one, none and equal backlogs by nothing', () => {
    const requests = [0, 0, 0].map((at, i) => ({ at, prompt: text(ids(100 * i, 30)) }))
    const given = scenario(openWorkload(requests), { policy: ROUND_ROBIN })
    expect(runSimulation(given).backlogVariation).toBeCloseTo(1 / 3, 9)
  })

  test('blocks that had to make room are counted', () => {
    const small = { ...plainProfile, kvTokens: 960 }
    const requests = [0, 10, 20].map((at, i) => ({ at, prompt: text(ids(100 * i, 20)), output: 17 }))
    const given = scenario(openWorkload(requests), { endpoints: [endpoint('a', { profile: small })] })
    // 60 blocks; each request takes 41, of which 40 get a key. The second finds 19 that were never used.
    expect(runSimulation(given).evictedBlocks).toBe(22 - 1 + 41 - 1)
  })
})

describe('turns', () => {
  const first = { role: 'user' as const, parts: [text(ids(0, 10))] }
  const answer = { role: 'assistant' as const, parts: [{ ids: Uint32Array.of(77), unit: 65, tokens: 65 }], answerOf: 0 }
  const second = { role: 'user' as const, parts: [text([50], 31)] }
  const sessions = [
    { id: 's', start: 2, requests: [turn('s', 0, [first], 65), turn('s', 1, [first, answer, second], 1, 3)] },
  ]
  const workload = { name: 'turns', pacing: 'sessions' as const, sessions, notes: [] }

  test('the second comes after the answer and the think time', () => {
    expect(column(scenario(workload), 'arrival')).toEqual([2, 2 + 0.32 + 0.64 + 3])
  })

  test('the engine keeps what it generated, but for the last token', () => {
    expect(column(scenario(workload), 'cachedTokens')).toEqual([0, 384])
  })

  test('an exact view knows that, a predicted one knows the prompt', () => {
    expect(column(scenario(workload), 'predictedTokens')).toEqual([0, 384])
    expect(column(scenario(workload, { view: { kind: 'predicted' } }), 'predictedTokens')).toEqual([0, 320])
  })

  test('under closed pacing sessions follow each other', () => {
    const single = (id: string) => ({ id, start: 0, requests: [turn(id, 0, [first], 65)] })
    const closed = { ...workload, pacing: 'closed' as const, sessions: ['x', 'y', 'z'].map(single) }
    expect(column(scenario(closed), 'arrival')).toEqual([0, 0.96, 0.96 + 0.656])
    expect(column(scenario(closed, { concurrency: 2 }), 'arrival').slice(0, 2)).toEqual([0, 0])
  })
})

describe('views', () => {
  const prompt = text(ids(0, 30))
  const twice = (gap: number) => openWorkload([0, gap].map((at) => ({ at, prompt })))

  test('events that are late are not known yet', () => {
    const late = (delay: number) => scenario(twice(5), { view: { kind: 'events', delay, loss: 0 } })
    expect(column(late(1), 'predictedTokens')).toEqual([0, 960])
    expect(column(late(10), 'predictedTokens')).toEqual([0, 0])
  })

  test('events that are lost are never known; what is in flight is', () => {
    const lost = (gap: number) => scenario(twice(gap), { view: { kind: 'events', delay: 0, loss: 1 } })
    expect(column(lost(5), 'predictedTokens')).toEqual([0, 0])
    expect(column(lost(0.5), 'predictedTokens')).toEqual([0, 960])
  })

  test('events tell what was evicted', () => {
    const small = { ...plainProfile, kvTokens: 1072 }
    const other = text(ids(500, 30))
    const workload = openWorkload([0, 10, 20].map((at, i) => ({ at, prompt: i === 1 ? other : prompt })))
    const endpoints = [endpoint('a', { profile: small })]
    const events = scenario(workload, { endpoints, view: { kind: 'events', delay: 0.1, loss: 0 } })
    // 67 blocks: the second prompt takes the 7 free ones and 53 of the first one's 60, ends first.
    expect(column(events, 'predictedTokens')).toEqual([0, 0, 64])
    expect(column(events, 'cachedTokens')).toEqual([0, 0, 112])
  })

  test('between two polls a router sends everything to the same endpoint', () => {
    const busy = { at: 0, prompt: text(ids(0, 200)) }
    const burst = [5, 5.1, 5.2, 5.3].map((at, i) => ({ at, prompt: text(ids(1000 * i + 1000, 2)) }))
    const workload = openWorkload([busy, ...burst])
    const policy = LEAST_LOADED
    const polled = column(scenario(workload, { policy, view: { kind: 'polled', interval: 1 } }), 'endpoint')
    expect(new Set(polled.slice(1))).toEqual(new Set([1 - polled[0]!]))
    const more = openWorkload([busy, ...burst.map((request) => ({ ...request, output: 100 }))])
    const aware = column(scenario(more, { policy }), 'endpoint')
    expect(new Set(aware.slice(1))).toEqual(new Set([0, 1]))
  })

  test('routers do not know of each other', () => {
    const workload = openWorkload(ids(0, 40).map((i) => ({ at: 0, prompt: text(ids(100 * i, 4)) })))
    const one = runSimulation(scenario(workload, { policy: LEAST_LOADED }))
    const many = runSimulation(scenario(workload, { policy: LEAST_LOADED, routers: 40, seed: 3 }))
    expect(one.sent).toEqual([20, 20])
    // Each router's first request goes to the first endpoint.
    expect(many.sent[0]).toBeGreaterThan(25)
    expect(many.sent[0]! + many.sent[1]!).toBe(40)
  })
})

describe('endpoints', () => {
  const long = { at: 0, prompt: text(ids(0, 30)), output: 101 }

  test('what runs on an endpoint that dies is sent again, and its times count from the arrival', () => {
    const dying = [endpoint('a', { outages: [{ from: 0.5, to: 3 }] }), endpoint('b')]
    const given = scenario(openWorkload([long]), { endpoints: dying })
    const [request] = runSimulation(given).requests
    expect(request).toMatchObject({ endpoint: 1, retries: 1 })
    expect(request?.ttft).toBeCloseTo(0.5 + 0.96, 9)
    expect(runSimulation(given).sent).toEqual([1, 1])
  })

  test('so is an answer that had begun', () => {
    const dying = [endpoint('a', { outages: [{ from: 1.5, to: 3 }] }), endpoint('b')]
    const [request] = runSimulation(scenario(openWorkload([long]), { endpoints: dying })).requests
    expect(request?.ttft).toBeCloseTo(1.5 + 0.96, 9)
    expect(request?.e2e).toBeCloseTo(1.5 + 1.96, 9)
  })

  test('its cache is empty when it comes back', () => {
    const given = scenario(openWorkload([0, 10].map((at) => ({ ...long, at }))), {
      endpoints: [endpoint('a', { outages: [{ from: 5, to: 6 }] })],
    })
    for (const kind of ['exact', 'predicted'] as const) {
      expect(column({ ...given, view: { kind } }, 'predictedTokens')).toEqual([0, 0])
    }
    expect(column(given, 'cachedTokens')).toEqual([0, 0])
  })

  test('an endpoint joins cold, and takes nothing new once it leaves', () => {
    const requests = ids(0, 6).map((at) => ({ at: 10 * at, prompt: text(ids(100 * at, 2)) }))
    const endpoints = [endpoint('a', { leavesAt: 35 }), endpoint('b', { joinsAt: 15 })]
    const given = scenario(openWorkload(requests), { endpoints, policy: ROUND_ROBIN })
    expect(column(given, 'endpoint')).toEqual([0, 0, 1, 0, 1, 1])
  })

  test('requests wait while no endpoint is ready', () => {
    const given = scenario(openWorkload([{ at: 1, prompt: text([1]) }]), { endpoints: [endpoint('a', { joinsAt: 4 })] })
    expect(column(given, 'ttft')).toEqual([5 + 0.032])
  })

  test('when none ever will be, the simulation says so', () => {
    const given = scenario(openWorkload([{ at: 5, prompt: text([1]) }]), {
      endpoints: [endpoint('a', { leavesAt: 3 })],
    })
    expect(() => runSimulation(given)).toThrow(/none of the 1 endpoints .* is ready, and no endpoint will join/)
  })

  test('a router decides by what it believes, the engine goes by what it is', () => {
    const slow = { ...plainProfile, rates: { ...plainProfile.rates, prefillPerToken: 0.01 } }
    const workload = openWorkload([{ at: 0, prompt: text(ids(0, 30)) }])
    const knowing = [endpoint('a', { profile: slow }), endpoint('b')]
    const policy = { type: 'marginal-cost' }
    expect(column(scenario(workload, { endpoints: knowing, policy }), 'endpoint')).toEqual([1])
    const fooled = [endpoint('a', { profile: slow, believed: plainProfile }), endpoint('b', { believed: slow })]
    expect(column(scenario(workload, { endpoints: fooled, policy }), 'ttft')).toEqual([9.6])
  })

  test('host memory gives evicted blocks back for a quarter of computing them', () => {
    const small = { ...plainProfile, kvTokens: 976 }
    const prompts = [text(ids(0, 30)), text(ids(500, 30)), text(ids(0, 30))]
    const workload = openWorkload(prompts.map((prompt, i) => ({ at: 10 * i, prompt })))
    const hosted = (hostLoadShare?: number) =>
      scenario(workload, {
        endpoints: [
          endpoint('a', {
            profile: small,
            hostTokens: 10_000,
            ...(hostLoadShare === undefined ? {} : { hostLoadShare }),
          }),
        ],
      })
    // 61 blocks: 59 of the first prompt's 60 are evicted, and all but the last are needed again.
    expect(column(hosted(), 'cachedTokens')).toEqual([0, 0, 944])
    expect(column(hosted(), 'ttft')).toEqual([0.96, 0.96, 0.25 * 0.928 + 0.016])
    expect(column(hosted(0), 'ttft')).toEqual([0.96, 0.96, 0.016])
    // A block in host memory is worth three quarters of one in the KV cache.
    expect(column(hosted(), 'predictedTokens')).toEqual([0, 0, Math.floor((16 + 0.75 * 928) / 32) * 32])
  })
})

describe('scenarios that make no sense', () => {
  const workload = openWorkload([{ at: 0, prompt: text(ids(0, 30)) }])
  test.each([
    [{ endpoints: [] }, /endpoints: expected at least one, found 0/],
    [{ routers: 0 }, /routers: expected a whole number above 0, found 0/],
    [{ warmUp: 1 }, /warmUp: expected a share from 0 to below 1, found 1/],
    [{ concurrency: 1.5 }, /concurrency: expected a whole number above 0, found 1.5/],
    [{ view: { kind: 'polled' as const, interval: 0 } }, /view.interval: expected seconds above 0/],
    [{ view: { kind: 'events' as const, delay: 0, loss: 2 } }, /view.loss: expected a share/],
    [{ endpoints: [endpoint('a', { leavesAt: -1 })] }, /leavesAt of a: expected seconds after it joins at 0/],
    [{ endpoints: [endpoint('a', { outages: [{ from: 2, to: 1 }] })] }, /outages of a: expected a period after 0/],
    [{ endpoints: [endpoint('a'), endpoint('a')] }, /different ids, found a, a/],
    [
      { endpoints: [endpoint('a', { profile: { ...plainProfile, kvTokens: 640 } })] },
      /kvTokens of a: expected requests of at most 640 tokens, found a request of 961/,
    ],
  ])('%o', (changes, message) => {
    expect(() => runSimulation(scenario(workload, changes))).toThrow(message)
  })

  test('an unknown policy', () => {
    expect(() => runSimulation(scenario(workload, { policy: { type: 'nonesuch' } }))).toThrow(/nonesuch/)
  })

  test('a request that waits for a later one', () => {
    const [session] = workload.sessions
    const requests = session!.requests.map((request) => ({ ...request, after: [0] }))
    const circular = { ...workload, sessions: [{ ...session!, requests }] }
    expect(() => runSimulation(scenario(circular))).toThrow(
      /after of request r0:0: expected places of earlier requests/,
    )
  })
})
