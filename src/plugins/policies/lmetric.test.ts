import { expect, test } from 'vitest'
import { candidates } from '../testing/candidate.ts'
import { rankOf, testServices, verdictOf } from '../testing/rank-of.ts'
import { keysOf, request } from '../testing/request.ts'
import lmetric from './lmetric.ts'

test('tokens to prefill times batch size', () => {
  const endpoints = candidates(
    { queuedTokens: 200, matchedTokens: 900, inFlight: 3 },
    { inFlight: 0 },
    { queuedTokens: 5000, matchedTokens: 1000, inFlight: 1 },
  )
  expect(rankOf(lmetric, {}, request({ promptTokens: 1000 }), endpoints)).toMatchObject({
    costs: [(200 + 100) * 4, 1000 * 1, 5001 * 2],
    best: ['engine-1'],
    reason: 'least-product',
    terms: { 'prefill-tokens': [300, 1000, 5001], batch: [4, 1, 2] },
  })
})

test('a hit of 128 out of 160 tokens is worth three requests, and as much as four', () => {
  const costsAt = (inFlight: number) =>
    rankOf(lmetric, {}, request({ promptTokens: 160 }), candidates({}, { matchedTokens: 128, inFlight })).costs
  expect(costsAt(3)).toEqual([160, 32 * 4])
  expect(costsAt(4)).toEqual([160, 32 * 5])
})

test('a fully cached prompt still tells loads apart', () => {
  const endpoints = candidates({ matchedTokens: 1000, inFlight: 5 }, { matchedTokens: 1000, inFlight: 2 })
  expect(rankOf(lmetric, {}, request({ promptTokens: 1000 }), endpoints).costs).toEqual([6, 3])
})

const HOT = [1, 2, 3, 4]
const hot = (tail: number) => request({ id: `hot-${tail}`, promptTokens: 256, blocks: keysOf([...HOT, tail]) })
const other = (head: number) => request({ id: `other-${head}`, promptTokens: 256, blocks: keysOf([head, 0, 0, 0]) })
/** One of four holds the class, four blocks of 32 tokens, and stays the cheapest: 128 * 2 against 256 * 2. */
const ONE_HOLDER = candidates({ matchedTokens: 128, inFlight: 1 }, { inFlight: 1 }, { inFlight: 1 }, { inFlight: 1 })

/** A policy that has seen 30 requests of other classes, and a function that ranks and sends one of the hot class. */
function afterOthers(options = {}) {
  const policy = lmetric.instantiate(options, testServices())
  for (let head = 10; head < 40; head++) policy.booked?.(other(head), ONE_HOLDER[1]!, 0)
  let sent = 0
  return (endpoints = ONE_HOLDER) => {
    const asked = hot(sent++)
    const verdict = verdictOf(lmetric, policy, asked, endpoints)
    policy.booked?.(asked, endpoints[0]!, 0)
    return verdict
  }
}

test('one holder of four carries a quarter of the traffic; above, two confirmations exclude it', () => {
  const send = afterOthers()
  // 10 of 40 is a quarter: x / (1 - x) = 1 / 3 = M / (N - M). The eleventh raises the alarm, the twelfth confirms.
  for (let k = 1; k <= 11; k++) expect(send()).toMatchObject({ reason: 'least-product', best: ['engine-0'] })
  expect(send()).toMatchObject({
    reason: 'hot-spot',
    costs: [Infinity, 512, 512, 512],
    best: ['engine-1', 'engine-2', 'engine-3'],
  })
})

test('a request that prefers somebody else starts the confirmations anew', () => {
  const send = afterOthers()
  for (let k = 1; k <= 11; k++) send()
  const busyHolder = candidates({ matchedTokens: 128, inFlight: 3 }, {}, {}, {})
  expect(send(busyHolder)).toMatchObject({ reason: 'least-product', best: ['engine-1', 'engine-2', 'engine-3'] })
  expect(send().reason).toBe('least-product')
  expect(send().reason).toBe('hot-spot')
})

test('with a second holder the alarm clears', () => {
  const send = afterOthers()
  for (let k = 1; k <= 12; k++) send()
  const twoHolders = candidates({ matchedTokens: 128 }, { matchedTokens: 128 }, {}, {})
  // Now 13 of 43 stand against a limit of one half.
  expect(send(twoHolders)).toMatchObject({ reason: 'least-product', best: ['engine-0', 'engine-1'] })
})

test('explaining is no confirmation, and the detector can be switched off', () => {
  const policy = lmetric.instantiate({}, testServices())
  for (let i = 0; i < 10; i++) expect(verdictOf(lmetric, policy, hot(i), ONE_HOLDER).reason).toBe('least-product')
  const send = afterOthers({ hotspotDetection: false })
  for (let k = 1; k <= 100; k++) expect(send().reason).toBe('least-product')
})
