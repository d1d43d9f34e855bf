import { describe, expect, test } from 'vitest'
import {
  MARGINAL_TERMS,
  MEMORY_TERM,
  type Place,
  PREFILL_TERM,
  priceInto,
  type Question,
  WAIT_TERM,
} from './marginal-price.ts'
import { candidate, type CandidateFacts } from './testing/candidate.ts'
import { request } from './testing/request.ts'

type Term = (typeof MARGINAL_TERMS)[number]

/** A prompt of 1000 tokens and an answer of 100. A prefill takes 11 ms and 0.1 ms a token, a step 11 ms and 0.1 ms a sequence. */
function priceOf(
  facts: CandidateFacts,
  asked: Partial<Question> = {},
  seen: Partial<Place> = {},
): Record<Term, number> {
  const endpoint = candidate(facts)
  const question = {
    request: request(),
    shared: { dueTokens: 0, dueSharing: 0, newTokens: (matched: number) => 1000 - matched },
    home: undefined,
    unseenTokens: 32,
    worth: 0.5,
    decodeSeconds: 10,
    adapter: false,
    reuse: 0.5,
    ...asked,
  }
  const { signals } = endpoint
  const place = {
    candidate: endpoint,
    load: signals,
    expected: signals,
    prefillFactor: 1,
    decodeFactor: 1,
    distinctShare: 1,
  }
  const terms = new Float64Array(MARGINAL_TERMS.length)
  priceInto(terms, question, { ...place, ...seen })
  const valueOf = (term: Term) => terms[MARGINAL_TERMS.indexOf(term)] ?? Number.NaN
  return {
    wait: valueOf('wait'),
    step: valueOf('step'),
    memory: valueOf('memory'),
    prefill: valueOf('prefill'),
    home: valueOf('home'),
    copy: valueOf('copy'),
    eviction: valueOf('eviction'),
    slowdown: valueOf('slowdown'),
    adapter: valueOf('adapter'),
  }
}

const { rates } = candidate()

test('an idle endpoint costs the prefill', () => {
  expect(priceOf({})).toEqual({
    wait: 0,
    step: 0,
    memory: 0,
    prefill: expect.closeTo(0.111, 12),
    home: 0,
    copy: 0,
    eviction: 0,
    slowdown: 0,
    adapter: 0,
  })
})

test('the places of terms are where they are said to be', () => {
  expect([WAIT_TERM, MEMORY_TERM, PREFILL_TERM].map((place) => MARGINAL_TERMS[place])).toEqual([
    'wait',
    'memory',
    'prefill',
  ])
})

test('wait: the work ahead, at the speed that was observed', () => {
  expect(priceOf({ queuedSeconds: 0.2 }, {}, { prefillFactor: 2 }).wait).toBeCloseTo(0.4, 12)
})

test('step: half a decode step, where there is one', () => {
  expect(priceOf({ decoding: 4, inFlight: 4 }, {}, { decodeFactor: 3 }).step).toBeCloseTo((3 * 0.0114) / 2, 12)
  expect(priceOf({ decoding: 0, inFlight: 4 }).step).toBe(0)
})

describe('memory', () => {
  test('is the part of those in flight that has to go, of the time of an answer', () => {
    expect(priceOf({ inFlightTokens: 99_500 }).memory).toBeCloseTo((600 / 99_500) * 10, 9)
    expect(priceOf({ inFlightTokens: 98_900 }).memory).toBe(0)
    expect(priceOf({ inFlightTokens: 98_901 }, { decodeSeconds: 5 }).memory).toBeCloseTo((1 / 98_901) * 5, 9)
  })

  test('is never more than an answer takes', () => {
    expect(priceOf({ inFlightTokens: 100, kvTokens: 500 }).memory).toBe(10)
  })

  test('counts once what several share: those in flight, and this one with them', () => {
    expect(priceOf({ inFlightTokens: 99_500 }, {}, { distinctShare: 0.99 }).memory).toBe(0)
    const newTokens = (matched: number) => (matched === 800 ? 420 : 1000)
    const shared = { dueTokens: 0, dueSharing: 0, newTokens }
    expect(priceOf({ inFlightTokens: 99_500, matchedTokens: 800 }, { shared }).memory).toBeCloseTo(
      (20 / 99_500) * 10,
      9,
    )
  })
})

describe('prefill', () => {
  test('is that of the uncached tokens, at the speed that was observed, at least one', () => {
    expect(priceOf({ matchedTokens: 900 }, {}, { prefillFactor: 2 }).prefill).toBeCloseTo(2 * 0.021, 12)
    expect(priceOf({ matchedTokens: 1000 }).prefill).toBeCloseTo(0.0111, 12)
  })

  test('includes attention to the cached tokens', () => {
    const attending = { ...rates, prefillPerPair: 1e-7 }
    expect(priceOf({ matchedTokens: 900, rates: attending }).prefill).toBeCloseTo(0.021 + 1e-7 * 100 * 950, 12)
  })
})

describe('home', () => {
  test('takes off what is held there unseen, and only there', () => {
    const asked = { home: 'engine-1' }
    expect(priceOf({ slot: 1, matchedTokens: 500 }, asked, { prefillFactor: 2 }).home).toBeCloseTo(-2 * 0.0032, 12)
    expect(priceOf({ slot: 2, matchedTokens: 500 }, asked).home).toBe(0)
  })

  test('leaves one token to be computed', () => {
    expect(priceOf({ slot: 1, matchedTokens: 990 }, { home: 'engine-1' }).home).toBeCloseTo(-0.0009, 12)
    expect(priceOf({ slot: 1, matchedTokens: 1000 }, { home: 'engine-1' }).home).toBe(0)
  })
})

describe('copy', () => {
  // In the minute that a copy is counted on, each of those in flight is followed by as many as there are answers in it.
  const shared = { dueTokens: 800, dueSharing: 3, newTokens: () => 1000 }
  const due = { shared, decodeSeconds: 60 }

  test('leaves this request its part of what all who will use it pay', () => {
    // 80 ms for 800 tokens, of which four bear a quarter each.
    expect(priceOf({}, due).copy).toBeCloseTo(-0.06, 12)
    expect(priceOf({ matchedTokens: 400 }, due, { prefillFactor: 2 }).copy).toBeCloseTo(-0.06, 12)
    expect(priceOf({}, { shared, decodeSeconds: 20 }).copy).toBeCloseTo(-0.08 * (9 / 10), 12)
    expect(priceOf({}, { shared, decodeSeconds: 0 }).copy).toBeCloseTo(-0.08 * (3600 / 3601), 12)
  })

  test('is nothing where the copy is, also where only its session knows it', () => {
    expect(priceOf({ matchedTokens: 800 }, due).copy).toBe(0)
    expect(priceOf({ matchedTokens: 780 }, due).copy).toBeCloseTo(-0.002 * (3 / 4), 12)
    expect(priceOf({ matchedTokens: 780 }, { ...due, home: 'engine-0' }).copy).toBe(0)
  })

  test('never covers the last token', () => {
    const whole = { dueTokens: 1000, dueSharing: 1, newTokens: () => 1000 }
    expect(priceOf({}, { shared: whole, decodeSeconds: 60 }).copy).toBeCloseTo(-0.0999 / 2, 12)
  })
})

test('eviction: the computing of what has to leave, times the chance that it comes back', () => {
  expect(priceOf({ matchedTokens: 500, kvFill: 1 }, {}, { prefillFactor: 2 }).eviction).toBeCloseTo(2 * 0.06 * 0.5, 12)
  expect(priceOf({ matchedTokens: 500, kvFill: 0.995 }).eviction).toBeCloseTo(0.01 * 0.5, 12)
  expect(priceOf({ matchedTokens: 500, kvFill: 0.99 }).eviction).toBe(0)
  expect(priceOf({ kvFill: 1 }, { reuse: 0 }).eviction).toBe(0)
  // What the session is known to hold there needs no room.
  expect(priceOf({ matchedTokens: 500, kvFill: 1 }, { home: 'engine-0' }).eviction).toBeCloseTo(0.0568 * 0.5, 12)
  expect(priceOf({ matchedTokens: 990, kvFill: 1 }, { home: 'engine-0' }).eviction).toBeCloseTo(0.0101 * 0.5, 12)
})

describe('slow-down', () => {
  test('is the stall of those decoding, and the longer steps of all', () => {
    const busy = { decoding: 4, inFlight: 5, inFlightTokens: 5000, rates: { ...rates, decodePerKvToken: 1e-8 } }
    const forOthers = 100 * 5 * (1e-4 + 1000 * 1e-8)
    const forItself = 100 * (5 * 1e-4 + 5000 * 1e-8)
    const stall = 4 * 0.111
    expect(priceOf(busy).slowdown).toBeCloseTo(0.5 * (stall + forOthers + forItself), 12)
    const slower = priceOf(busy, {}, { prefillFactor: 2, decodeFactor: 3 }).slowdown
    expect(slower).toBeCloseTo(0.5 * (2 * stall + 3 * (forOthers + forItself)), 12)
    expect(priceOf(busy, { worth: 0 }).slowdown).toBe(0)
  })

  test('stalls only for what is really computed, and for which this request has to answer', () => {
    const busy = { decoding: 4, inFlight: 0 }
    const shared = { dueTokens: 800, dueSharing: 3, newTokens: () => 1000 }
    expect(priceOf(busy, { shared, decodeSeconds: 60 }).slowdown).toBeCloseTo(0.5 * 4 * (0.111 - 0.06), 12)
    expect(priceOf(busy, { home: 'engine-0' }).slowdown).toBeCloseTo(0.5 * 4 * (0.111 - 0.0032), 12)
  })
})
