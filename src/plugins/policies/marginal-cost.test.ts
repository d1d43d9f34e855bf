import { describe, expect, test } from 'vitest'
import type { Candidate } from '../../core/endpoint.ts'
import type { RequestOutcome } from '../../core/outcome.ts'
import type { Policy } from '../../core/plugin.ts'
import type { SchedulingRequest } from '../../core/request.ts'
import type { SignalName } from '../../core/signals.ts'
import { MARGINAL_TERMS } from '../marginal-price.ts'
import { candidates, type CandidateFacts } from '../testing/candidate.ts'
import { rankOf, testServices, verdictOf } from '../testing/rank-of.ts'
import { keysOf, request } from '../testing/request.ts'
import marginalCost from './marginal-cost.ts'

const FINISHED: RequestOutcome = { kind: 'finished', ttft: 0.5, e2e: 10.5, outputTokens: 100, usage: undefined }

const close = (...values: readonly number[]) => values.map((value) => expect.closeTo(value, 9))
const create = () => marginalCost.instantiate({}, testServices())

/** Sends the request to the endpoint in this slot, having ranked as the scheduler does. */
function send(
  policy: Policy<SignalName>,
  asked: SchedulingRequest,
  endpoints: readonly Candidate<SignalName>[],
  slot: number,
  now = 0,
): void {
  verdictOf(marginalCost, policy, asked, endpoints, now)
  const endpoint = endpoints[slot]
  if (endpoint === undefined) throw new Error(`no endpoint in slot ${slot}`)
  policy.booked?.(asked, endpoint, now)
}

/** A prompt of blocks of 32 tokens: the shared ones, then its own. */
function promptOf(shared: number, own: readonly number[], over: Partial<SchedulingRequest> = {}): SchedulingRequest {
  const contents = [...Array.from({ length: shared }, () => 7), ...own]
  return request({ blocks: keysOf(contents), promptTokens: 32 * contents.length, ...over })
}

/** A hot spot: eight blocks that the first endpoint holds and several requests there have in common. */
function hotSpot(policy: Policy<SignalName>, sharing: number, others: number) {
  const endpoints = candidates({ matchedTokens: 256 }, {}, {}, {})
  for (let own = 0; own < sharing; own++) send(policy, promptOf(8, [own, own]), endpoints, 0)
  for (let own = 0; own < others; own++)
    send(
      policy,
      promptOf(
        0,
        Array.from({ length: 8 }, () => 100 + own),
      ),
      endpoints,
      1,
    )
  return endpoints
}

test('adds up what a placement costs, in seconds', () => {
  const endpoints = candidates(
    { matchedTokens: 900 },
    { queuedSeconds: 0.2, decoding: 4, inFlight: 5, inFlightTokens: 5000 },
    { inFlight: 1, inFlightTokens: 99_500 },
  )
  const { terms, costs, best, reason } = rankOf(marginalCost, {}, request(), endpoints)
  const memory = 600 / 99_500
  // Until something is observed, an answer decodes for a second, which is worth 0.4 * 0.5 / 1 s of waiting.
  const slowdown = [0, 0.2 * (4 * 0.111 + 100 * 10e-4), 0.2 * 100 * 2e-4] as const
  expect(terms).toEqual({
    wait: close(0, 0.2, 0),
    step: close(0, 0.0114 / 2, 0),
    memory: close(0, 0, memory),
    prefill: close(0.021, 0.111, 0.111),
    home: close(0, 0, 0),
    copy: close(0, 0, 0),
    eviction: close(0, 0, 0),
    slowdown: close(...slowdown),
    adapter: close(0, 0, 0),
  })
  expect(costs).toEqual(close(0.021, 0.2 + 0.0057 + 0.111 + slowdown[1], memory + 0.111 + slowdown[2]))
  expect([best, reason]).toEqual([['engine-0'], 'lowest-cost'])
})

test('an adapter is used where it is, unless that costs more than to load it or to wait for a slot', () => {
  const bestOf = (...facts: CandidateFacts[]) => rankOf(marginalCost, {}, request(), candidates(...facts)).best
  const loaded = { adapterState: 'loaded', queuedSeconds: 0.05 } as const
  expect(bestOf({ adapterState: 'room' }, loaded, {})).toEqual(['engine-1'])
  expect(bestOf({ adapterState: 'room' }, { ...loaded, queuedSeconds: 0.2 })).toEqual(['engine-0'])
  expect(bestOf({ adapterState: 'full' }, { ...loaded, queuedSeconds: 0.2 })).toEqual(['engine-1'])
})

describe('without a term', () => {
  /** Everything at once: a hot spot, a session at home, a full cache that is asked for again, decodes, too little memory, an adapter to load. */
  function everything(options: unknown) {
    const policy = marginalCost.instantiate(options, testServices())
    const back = promptOf(64, [], { session: 's' })
    for (let turn = 0; turn < 20; turn++) {
      send(policy, back, candidates({}, {}), turn % 2)
      policy.ended?.(back, candidates({})[0]!, FINISHED, turn)
    }
    const asked = promptOf(64, [1], { session: 's' })
    send(policy, promptOf(64, [2]), candidates({}, {}), 0)
    send(policy, promptOf(64, [3]), candidates({}, {}), 0)
    const busy = { queuedSeconds: 0.3, decoding: 3, inFlight: 4, inFlightTokens: 99_000 }
    const full: CandidateFacts = { kvFill: 1, ...busy, adapterState: 'room' }
    return verdictOf(marginalCost, policy, asked, candidates(full, full))
  }

  const all = everything({})

  test('none is nothing in this example', () => {
    for (const term of MARGINAL_TERMS)
      expect([term, all.terms[term]?.some((value) => value !== 0)]).toEqual([term, true])
  })

  test.each(MARGINAL_TERMS)('%s is told, but not counted', (term) => {
    const { costs, terms } = everything({ without: [term] })
    expect(terms).toEqual(all.terms)
    expect(costs).toEqual(close(...all.costs.map((cost, i) => cost - (terms[term]?.[i] ?? Number.NaN))))
  })

  test('and several may be left out', () => {
    const { costs } = everything({ without: MARGINAL_TERMS.filter((term) => term !== 'wait') })
    expect(costs).toEqual(close(0.3, 0.3))
    expect(() => everything({ without: ['nonesuch'] })).toThrow(/nonesuch|Invalid option/)
  })
})

describe('where predictions are not to be trusted', () => {
  const quick = {
    prefillPerToken: 1e-6,
    prefillBase: 0,
    prefillPerPair: 0,
    decodeBase: 0,
    decodePerSequence: 0,
    decodePerKvToken: 0,
    overhead: 0,
  }

  test('the least work left in tokens wins, whatever the rates say', () => {
    const facts = [
      { queuedTokens: 100, matchedTokens: 500 },
      { queuedTokens: 700, rates: quick },
    ] as const
    expect(rankOf(marginalCost, {}, request(), candidates(...facts)).best).toEqual(['engine-1'])
    const [first, second] = facts
    const verdict = rankOf(marginalCost, {}, request(), candidates(first, { ...second, predictionError: 0.51 }))
    expect(verdict.reason).toBe('least-work')
    expect(verdict.costs).toEqual(close(0.01 + 0.05, 0.07 + 0.1))
    expect(verdict.terms).toMatchObject({ wait: close(0.01, 0.07), prefill: close(0.05, 0.1), slowdown: [0, 0] })
    expect(verdict.best).toEqual(['engine-0'])
  })

  test('an error of a half is still trusted', () => {
    expect(rankOf(marginalCost, {}, request(), candidates({ predictionError: 0.5 })).reason).toBe('lowest-cost')
  })

  test('nothing is remembered of earlier waits for memory', () => {
    const slowdownAfter = (earlier: CandidateFacts) => {
      const policy = create()
      verdictOf(marginalCost, policy, request(), candidates(earlier))
      send(policy, request(), candidates({ predictionError: 1 }), 0)
      return verdictOf(marginalCost, policy, request(), candidates({ decoding: 1, inFlight: 1 })).terms['slowdown']
    }
    expect(slowdownAfter({ inFlightTokens: 99_500 })).toEqual(slowdownAfter({}))
  })
})

test('an endpoint that nobody has observed counts as the others are', () => {
  const endpoints = candidates(
    { prefillFactor: 3, decodeFactor: 2, decoding: 1 },
    { decoding: 1 },
    { prefillFactor: 3, decodeFactor: 2, decoding: 1 },
  )
  const { costs, terms } = rankOf(marginalCost, {}, request(), endpoints)
  expect(terms['prefill']).toEqual(close(0.333, 0.333, 0.333))
  expect(terms['step']).toEqual(close(0.0111, 0.0111, 0.0111))
  expect(costs[1]).toBeCloseTo(costs[0] ?? Number.NaN, 9)
})

test('a session has credit at its home, and nobody else has', () => {
  const policy = create()
  const endpoints = candidates({ matchedTokens: 500 }, { matchedTokens: 500 })
  send(policy, request({ session: 's' }), endpoints, 1)
  const homeOf = (session: string) => verdictOf(marginalCost, policy, request({ session }), endpoints).terms['home']
  expect(homeOf('s')).toEqual(close(0, -0.0032))
  expect(homeOf('t')).toEqual([0, 0])
  expect(verdictOf(marginalCost, policy, request({ session: 's' }), endpoints).best).toEqual(['engine-1'])
})

describe('another copy', () => {
  test('is cheaper while several in flight share what only one endpoint holds', () => {
    const policy = create()
    const endpoints = hotSpot(policy, 3, 0)
    const { terms } = verdictOf(marginalCost, policy, promptOf(8, [9, 9]), endpoints)
    // 25.6 ms for the 256 tokens, which three others in flight and all who follow them within a minute bear with it.
    const credit = -0.0256 * (180 / 181)
    expect(terms['copy']).toEqual(close(0, credit, credit, credit))
  })

  test('is not, once enough endpoints hold it, or where others fill the fleet', () => {
    const policy = create()
    hotSpot(policy, 3, 0)
    const copied = candidates(
      { matchedTokens: 256 },
      { matchedTokens: 256 },
      { matchedTokens: 256 },
      { matchedTokens: 256 },
    )
    expect(verdictOf(marginalCost, policy, promptOf(8, [9, 9]), copied).terms['copy']).toEqual([0, 0, 0, 0])
    const other = create()
    const endpoints = hotSpot(other, 1, 9)
    expect(verdictOf(marginalCost, other, promptOf(8, [9, 9]), endpoints).terms['copy']).toEqual([0, 0, 0, 0])
  })

  test('is not, when those that shared it have ended', () => {
    const policy = create()
    const endpoints = candidates({ matchedTokens: 256 }, {}, {}, {})
    const sharing = [1, 2, 3].map((own) => promptOf(8, [own, own]))
    for (const one of sharing) send(policy, one, endpoints, 0)
    for (const one of sharing) policy.ended?.(one, endpoints[0]!, FINISHED, 1)
    expect(verdictOf(marginalCost, policy, promptOf(8, [9, 9]), endpoints, 1).terms['copy']).toEqual([0, 0, 0, 0])
  })

  test('is never made of a session that sends one request after the other', () => {
    const policy = create()
    const contents = Array.from({ length: 32 }, () => 7)
    let held = 0
    for (let turn = 0; turn < 100; turn++) {
      contents.push(turn)
      const asked = request({ blocks: keysOf(contents), promptTokens: 32 * contents.length, session: 's' })
      // Something is ahead at its home, which costs less than the prompt does elsewhere, and more than a share of it.
      const busy = held === 0 ? {} : { matchedTokens: held, queuedSeconds: 0.05, inFlight: 1, inFlightTokens: 500 }
      const endpoints = candidates(busy, { slot: 1 }, { slot: 2 }, { slot: 3 })
      const { best, terms } = verdictOf(marginalCost, policy, asked, endpoints, turn)
      expect(terms['copy']).toEqual([0, 0, 0, 0])
      if (held > 0) expect(best).toEqual(['engine-0'])
      policy.booked?.(asked, endpoints[0]!, turn)
      policy.ended?.(asked, endpoints[0]!, FINISHED, turn + 0.5)
      held = asked.promptTokens
    }
  })
})

describe('the slow-down', () => {
  const endpoints = candidates({ decoding: 10, inFlight: 10, inFlightTokens: 1000 })
  const slowdown = (policy: Policy<SignalName>) =>
    verdictOf(marginalCost, policy, request(), endpoints).terms['slowdown']?.[0] ?? Number.NaN

  test('is weighed by what is observed of streamed answers, at most 1', () => {
    const policy = create()
    const before = slowdown(policy)
    const answer = (outcome: Partial<RequestOutcome>, over: Partial<SchedulingRequest> = {}) => {
      const asked = request(over)
      send(policy, asked, endpoints, 0)
      policy.ended?.(asked, endpoints[0]!, { ...FINISHED, ...outcome }, 0)
      return slowdown(policy) / before
    }
    expect(answer({ ttft: 10, e2e: 10 }, { streamed: false })).toBeCloseTo(1, 9)
    expect(answer({ kind: 'failed', ttft: 8, e2e: 10 })).toBeCloseTo(1, 9)
    expect(answer({ ttft: 1, e2e: 11 })).toBeCloseTo(0.04 / 0.2, 9)
    expect(answer({ ttft: 99, e2e: 100 })).toBeCloseTo(1 / 0.2, 9)
  })

  test('is weighed more where requests have to wait for memory, in whatever slot', () => {
    const ratioAfter = (slots: readonly number[]) => {
      const policy = create()
      const before = slowdown(policy)
      const full = candidates(...slots.map((slot) => ({ slot, inFlightTokens: 99_500 })))
      for (let i = 0; i < 40; i++) send(policy, request(), full, 0)
      return slowdown(policy) / before
    }
    const memory = 600 / 99_500
    expect(ratioAfter([0])).toBeCloseTo(1 + 1.5 * (memory / 0.5), 9)
    expect(ratioAfter([0, 64, 300])).toBeCloseTo(1 + 1.5 * (memory / 0.5), 9)
  })
})

test('leaves a full endpoint for an empty one once evicted prompts come back', () => {
  const policy = create()
  const endpoints = candidates({ matchedTokens: 500, kvFill: 1 }, {})
  const prompts = [1, 2].map((seed) => {
    const contents = Array.from({ length: 64 }, (_, block) => seed * 100 + block)
    return request({ blocks: keysOf(contents), promptTokens: 2048 })
  })
  const chosen = Array.from({ length: 40 }, (_, turn) => {
    const asked = prompts[turn % 2] ?? request()
    const { best } = verdictOf(marginalCost, policy, asked, endpoints, turn)
    policy.booked?.(asked, endpoints[0]!, turn)
    policy.ended?.(asked, endpoints[0]!, FINISHED, turn + 0.5)
    return best[0]
  })
  expect([chosen[0], chosen.at(-1)]).toEqual(['engine-0', 'engine-1'])
})
