import { describe, expect, test } from 'vitest'
import type { Candidate } from '../core/endpoint.ts'
import type { RequestOutcome } from '../core/outcome.ts'
import type { SchedulingRequest } from '../core/request.ts'
import type { SignalName } from '../core/signals.ts'
import { MARGINAL_TERMS } from './marginal-price.ts'
import { createMarginalState, type MarginalState } from './marginal-state.ts'
import { candidate, candidates } from './testing/candidate.ts'
import { keysOf, request } from './testing/request.ts'

const FINISHED: RequestOutcome = { kind: 'finished', ttft: 2, e2e: 6, outputTokens: 50, usage: undefined }

/** What one term costs on each of the endpoints. */
function priceOf(
  state: MarginalState,
  term: (typeof MARGINAL_TERMS)[number],
  asked: SchedulingRequest,
  endpoints: readonly Candidate<SignalName>[],
  now = 0,
): readonly number[] {
  state.look(asked, endpoints)
  const question = state.question(asked, now)
  return endpoints.map((endpoint) => {
    const terms = new Float64Array(MARGINAL_TERMS.length)
    state.price(terms, question, endpoint, now)
    return terms[MARGINAL_TERMS.indexOf(term)] ?? Number.NaN
  })
}

function book(state: MarginalState, asked: SchedulingRequest, endpoint: Candidate<SignalName>, now = 0): void {
  state.look(asked, [endpoint])
  state.booked(asked, endpoint, 0, now)
}

describe('the worth of decoding', () => {
  const worthOf = (state: MarginalState, ...endpoints: readonly Candidate<SignalName>[]) => {
    state.look(request(), endpoints)
    return state.question(request(), 0).worth
  }

  test('is learned from streamed answers', () => {
    const state = createMarginalState()
    const asked = request()
    book(state, asked, candidate())
    expect(worthOf(state, candidate())).toBeCloseTo(0.2, 12)
    state.ended(asked, candidate(), FINISHED, 6)
    expect(worthOf(state, candidate())).toBeCloseTo(0.4 * (2 / 4), 12)
    expect(state.question(asked, 6).decodeSeconds).toBe(4)
  })

  test('is not learned from plain ones, whose first byte comes with the last', () => {
    const state = createMarginalState()
    const plain = request({ streamed: false })
    book(state, plain, candidate())
    state.ended(plain, candidate(), { ...FINISHED, ttft: 6 }, 6)
    expect(worthOf(state, candidate())).toBeCloseTo(0.2, 12)
  })

  test('is more where endpoints are unlike', () => {
    const state = createMarginalState()
    const unlike = candidates({ prefillFactor: 1 }, { prefillFactor: 2 })
    expect(worthOf(state, ...unlike)).toBeCloseTo(0.8, 12)
  })

  test('is more where what was sent has to wait for memory', () => {
    const state = createMarginalState()
    state.look(request(), [candidate()])
    state.booked(request(), candidate(), 30, 0)
    expect(worthOf(state, candidate())).toBeCloseTo(0.4 * 2.5 * (0.5 / 1), 12)
  })
})

test('work that was sent since the load was read counts as ahead', () => {
  const state = createMarginalState()
  const read = (age: number) => candidates({ loadAge: age, matchedTokens: 900 }, { loadAge: age })
  const [endpoint = candidate()] = read(1)
  const sent = request()
  expect(priceOf(state, 'wait', request(), read(1), 1)).toEqual([0, 0])
  book(state, sent, endpoint, 1)
  // 100 tokens and a step, and a hundredth of a second has passed.
  expect(priceOf(state, 'wait', request(), read(1.01), 1.01)).toEqual([expect.closeTo(0.011, 9), 0])
  expect(priceOf(state, 'wait', request(), read(0.005), 1.01)).toEqual([0, 0])
  // What has ended is no longer beside: of the longer steps next to nothing is left.
  expect(priceOf(state, 'slowdown', request(), read(1.01), 1.01)[0]).toBeGreaterThan(0)
  state.ended(sent, endpoint, FINISHED, 1.01)
  expect(priceOf(state, 'slowdown', request(), read(1.01), 1.01)).toEqual([expect.closeTo(0, 3), 0])
})

test('memory that requests in flight share is counted once', () => {
  const contents = Array.from({ length: 16 }, () => 7)
  const alike = () => request({ blocks: keysOf(contents), promptTokens: 512, outputTokens: 0 })
  const full = candidate({ kvTokens: 900, inFlightTokens: 1024, matchedTokens: 512 })
  const state = createMarginalState()
  const [first, second] = [alike(), alike()]
  state.look(first, [candidate()])
  state.booked(first, candidate(), 0, 0)
  const alone = priceOf(state, 'memory', request({ promptTokens: 512, outputTokens: 0 }), [full])[0]
  expect(alone).toBeCloseTo((1024 + 512 - 900) / 1024, 9)
  book(state, second, candidate({ matchedTokens: 512 }))
  // 512 and 256 tokens are there instead of twice 512; the next adds a third of 512.
  const third = priceOf(state, 'memory', alike(), [full])[0]
  expect(third).toBeCloseTo((768 + 512 / 3 - 900) / 768, 9)
  state.ended(first, full, { ...FINISHED, kind: 'failed' }, 0)
  state.ended(second, full, { ...FINISHED, kind: 'failed' }, 0)
  expect(priceOf(state, 'memory', request({ promptTokens: 512, outputTokens: 0 }), [full])[0]).toBeCloseTo(
    alone ?? 0,
    9,
  )
})

test('the session of the last request is at home where it was sent', () => {
  const state = createMarginalState()
  const asked = request({ session: 's' })
  expect(priceOf(state, 'home', asked, candidates({}, {}))).toEqual([0, 0])
  book(state, asked, candidate({ slot: 1 }))
  expect(priceOf(state, 'home', asked, candidates({}, {}))).toEqual([0, expect.closeTo(-0.0032, 12)])
  // 100 tokens more than matched are found there: from now on they are expected.
  book(state, asked, candidate({ slot: 1, matchedTokens: 500 }))
  state.ended(asked, candidate({ slot: 1 }), { ...FINISHED, usage: { cachedTokens: 600, promptTokens: 1000 } }, 0)
  expect(priceOf(state, 'home', asked, candidates({}, {}))).toEqual([0, expect.closeTo(-0.01, 12)])
})

test('speeds that were observed count, and those that were not are the others', () => {
  const state = createMarginalState()
  const endpoints = candidates({ prefillFactor: 2, decodeFactor: 4, decoding: 1 }, { decoding: 1 })
  expect(priceOf(state, 'prefill', request(), endpoints)).toEqual([expect.closeTo(0.222, 9), expect.closeTo(0.222, 9)])
  expect(priceOf(state, 'step', request(), endpoints)).toEqual([expect.closeTo(0.0222, 9), expect.closeTo(0.0222, 9)])
})
