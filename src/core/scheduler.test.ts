import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import leastPrefillWork from '../plugins/policies/least-prefill-work.ts'
import marginalCost from '../plugins/policies/marginal-cost.ts'
import type { RequestOutcome } from './outcome.ts'
import { definePolicy, z } from './plugin.ts'
import type { Choice, Scheduler } from './scheduler.ts'
import type { Lease } from './lease.ts'
import type { Pool } from './pool.ts'
import { rankedCandidates } from './decision.ts'
import type { SchedulingRequest } from './request.ts'
import { fleetFixture, requestOf, settingsOf } from './testing/fleet-fixture.ts'

const FINISHED: RequestOutcome = { kind: 'finished', ttft: 0.1, e2e: 1, outputTokens: 10, usage: undefined }
const FAILED: RequestOutcome = { kind: 'failed', ttft: undefined, e2e: 1, outputTokens: 0, usage: undefined }

function text(seed: string, bytes: number): string {
  return seed.repeat(Math.ceil(bytes / seed.length)).slice(0, bytes)
}

function choose(scheduler: Scheduler, pool: Pool, request: SchedulingRequest): Choice {
  const choice = scheduler.choose(pool, request)
  if (!('lease' in choice)) throw new Error(`refused: ${choice.message}`)
  return choice
}

describe('Scheduler', () => {
  it('books the lease inside the decision, so that the next request of a burst sees it', () => {
    const { scheduler, pool } = fleetFixture(['a', 'b', 'c'])
    const chosen = [1, 2, 3].map(() => choose(scheduler, pool, requestOf('hello')).decision.endpoint)
    expect(new Set(chosen)).toEqual(new Set(['a', 'b', 'c']))
  })

  it('separates equal costs in turn', () => {
    const { scheduler, pool } = fleetFixture(['a', 'b', 'c'])
    const chosen = Array.from({ length: 6 }, () => {
      const { decision, lease } = choose(scheduler, pool, requestOf('hello'))
      lease.end(FINISHED, 0)
      return decision.endpoint
    })
    expect(chosen).toEqual(['a', 'b', 'c', 'a', 'b', 'c'])
  })

  it('explains without booking', () => {
    const { scheduler, pool } = fleetFixture(['a', 'b'], leastPrefillWork)
    const request = requestOf(text('prompt ', 4096))
    const before = scheduler.explain(pool, request)
    expect(scheduler.explain(pool, request)).toEqual(before)
    expect(pool.endpoints.every(({ signals }) => signals.inFlight === 0)).toBe(true)
    if ('code' in before) throw new Error('refused')
    expect(rankedCandidates(before)).toEqual([
      { endpoint: 'a', cost: 1024, matchedTokens: 0, terms: { queued: 0, own: 1024 } },
      { endpoint: 'b', cost: 1024, matchedTokens: 0, terms: { queued: 0, own: 1024 } },
    ])
  })

  it('leaves failed endpoints out, and says when none is left', () => {
    const { scheduler, pool } = fleetFixture(['a', 'b'])
    const [a, b] = pool.endpoints
    if (a === undefined || b === undefined) throw new Error('two endpoints expected')
    const second = scheduler.choose(pool, requestOf('x'), new Set([a]))
    expect('decision' in second && second.decision.endpoint).toBe('b')
    const third = scheduler.choose(pool, requestOf('x'), new Set([a, b]))
    expect('code' in third && third.code).toBe('overloaded')
  })

  it('refuses when no endpoint is ready, and when all are at their limit', () => {
    const { scheduler, pool, fleet } = fleetFixture(['a'])
    fleet.configure(settingsOf('a', { maxConcurrency: 1 }))
    choose(scheduler, pool, requestOf('x'))
    expect(scheduler.choose(pool, requestOf('x'))).toMatchObject({ code: 'overloaded' })
    fleet.setReady('a', false)
    expect(scheduler.choose(pool, requestOf('x'))).toMatchObject({ code: 'no_ready_endpoint' })
  })

  it.each([0, 1, 2])(
    'never picks an endpoint of infinite cost or of none while another has a finite one (turn %i)',
    (turn) => {
      const excluding = definePolicy({
        type: 'excluding',
        summary: 'only the second endpoint has a finite cost',
        options: z.strictObject({}),
        reads: [],
        reasons: ['always'],
        unit: 'rank',
        create: () => ({
          rank(_request, _candidates, ranking) {
            ranking.cost.set([Number.POSITIVE_INFINITY, 7, Number.NaN])
          },
        }),
      })
      const { scheduler, pool } = fleetFixture(['a', 'b', 'c'], excluding)
      pool.turn = turn
      expect(choose(scheduler, pool, requestOf('x')).decision.endpoint).toBe('b')
    },
  )

  it('goes on with all endpoints equal when a policy throws', () => {
    const broken = definePolicy({
      type: 'broken',
      summary: 'throws',
      options: z.strictObject({}),
      reads: [],
      reasons: ['never'],
      unit: 'rank',
      create: () => ({
        rank() {
          throw new Error('broken policy')
        },
      }),
    })
    const { scheduler, pool, errors } = fleetFixture(['a', 'b'], broken)
    expect(choose(scheduler, pool, requestOf('x')).decision.reason).toBe('policy-error')
    expect(errors).toHaveLength(1)
  })

  it('books and ends leases whatever a policy makes of them', () => {
    const forgetful = definePolicy({
      type: 'forgetful',
      summary: 'throws whenever it is told something',
      options: z.strictObject({}),
      reads: [],
      reasons: ['first'],
      unit: 'rank',
      create: () => ({
        rank: (_request, candidates, ranking) => void ranking.cost.fill(0, 0, candidates.length),
        booked() {
          throw new Error('booked')
        },
        ended() {
          throw new Error('ended')
        },
      }),
    })
    const { scheduler, pool, errors } = fleetFixture(['a'], forgetful)
    const [endpoint] = pool.endpoints
    const { lease } = choose(scheduler, pool, requestOf('x'))
    expect(endpoint?.signals.inFlight).toBe(1)
    let idle = false
    endpoint?.whenIdle(() => (idle = true))
    lease.end(FINISHED, 1)
    expect(endpoint?.signals).toMatchObject({ inFlight: 0, inFlightTokens: 0 })
    expect(idle).toBe(true)
    expect(errors).toEqual([new Error('booked'), new Error('ended')])
  })

  it('counts a prompt in flight as held, and forgets it when the attempt fails before its answer', () => {
    const { scheduler, pool } = fleetFixture(['a', 'b'], leastPrefillWork)
    const request = requestOf(text('a long prompt ', 8192))
    const first = choose(scheduler, pool, request)
    const second = scheduler.explain(pool, request)
    if ('code' in second) throw new Error('refused')
    expect(rankedCandidates(second).find(({ endpoint }) => endpoint === first.decision.endpoint)?.matchedTokens).toBe(
      2048,
    )
    first.lease.end(FAILED, 0)
    const third = scheduler.explain(pool, request)
    if ('code' in third) throw new Error('refused')
    expect(rankedCandidates(third).map(({ matchedTokens }) => matchedTokens)).toEqual([0, 0])
  })

  it('drops what the engine says it no longer had', () => {
    const { scheduler, pool } = fleetFixture(['a'], leastPrefillWork)
    const old = requestOf(text('old ', 8192))
    const chat = requestOf(text('chat ', 8192))
    choose(scheduler, pool, old).lease.end(FINISHED, 0)
    choose(scheduler, pool, chat).lease.end(FINISHED, 0)
    const again = choose(scheduler, pool, chat)
    expect(again.decision.matchedTokens).toBe(2048)
    again.lease.end({ ...FINISHED, usage: { promptTokens: 2048, cachedTokens: 0, completionTokens: 10 } }, 0)
    expect(choose(scheduler, pool, old).decision.matchedTokens).toBe(0)
  })

  it('never leaks: after all leases ended in any order, every signal is back at rest', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(3), { minLength: 1, maxLength: 60 }), (script) => {
        const { scheduler, pool, time } = fleetFixture(['a', 'b', 'c'], marginalCost)
        const leases: Lease[] = []
        for (const [step, action] of script.entries()) {
          time.now += 0.01
          if (action < 2) leases.push(choose(scheduler, pool, requestOf(text(`prompt ${step % 5} `, 700))).lease)
          else if (action === 2) leases[step % leases.length]?.firstToken(time.now)
          else leases[step % leases.length]?.end(step % 2 === 0 ? FINISHED : FAILED, time.now)
        }
        for (const lease of leases) {
          lease.end(FINISHED, time.now)
          lease.end(FAILED, time.now)
        }
        for (const endpoint of pool.endpoints) {
          endpoint.refresh(time.now)
          expect(endpoint.signals).toMatchObject({
            inFlight: 0,
            decoding: 0,
            queuedTokens: 0,
            queuedSeconds: 0,
            inFlightTokens: 0,
          })
        }
      }),
    )
  })
})

describe('marginal-cost', () => {
  it('spreads one hot system prompt over idle endpoints', () => {
    const { scheduler, pool } = fleetFixture(['a', 'b', 'c', 'd'], marginalCost)
    const system = text('You are a helpful assistant. ', 24_000)
    for (let i = 0; i < 8; i++) choose(scheduler, pool, requestOf(`${system} question ${i}`))
    expect(pool.endpoints.map(({ signals }) => signals.inFlight).sort()).toEqual([2, 2, 2, 2])
  })

  it('keeps a chat where its cache is, also while others use that endpoint', () => {
    const { scheduler, pool, time } = fleetFixture(['a', 'b', 'c', 'd'], marginalCost)
    let chat = text('the beginning of a long chat ', 16_000)
    const first = choose(scheduler, pool, requestOf(chat))
    first.lease.end(FINISHED, time.now)
    for (let turn = 0; turn < 10; turn++) {
      time.now += 5
      chat += text(`turn ${turn} `, 600)
      const others = [1, 2, 3].map((k) => choose(scheduler, pool, requestOf(text(`other ${turn} ${k} `, 400))))
      for (const { lease } of others) lease.firstToken(time.now)
      const { decision, lease } = choose(scheduler, pool, requestOf(chat))
      expect(decision.endpoint).toBe(first.decision.endpoint)
      lease.end(FINISHED, time.now)
      for (const other of others) other.lease.end(FINISHED, time.now)
    }
  })

  it('leaves a warm endpoint whose queue costs more than its cache saves', () => {
    const { scheduler, pool, time } = fleetFixture(['a', 'b'], marginalCost)
    const prompt = text('shared ', 8000)
    const first = choose(scheduler, pool, requestOf(prompt))
    first.lease.end(FINISHED, time.now)
    const busy = pool.endpoints.find(({ id }) => id === first.decision.endpoint)
    busy?.prefill.push({ tokens: 50_000, seconds: 5, observed: true }, time.now)
    expect(choose(scheduler, pool, requestOf(prompt)).decision.endpoint).not.toBe(first.decision.endpoint)
  })

  it('knows plain answers, whose first byte comes with the last, from slow ones', () => {
    const { scheduler, pool, time } = fleetFixture(['a', 'b'], marginalCost)
    const usage = { promptTokens: 1000, cachedTokens: 0, completionTokens: 100 }
    for (let i = 0; i < 20; i++) {
      const plain = requestOf(text(`plain ${i} `, 4000), { streamed: false })
      const { decision, lease } = choose(scheduler, pool, plain)
      expect(decision.reason).toBe('lowest-cost')
      time.now += 0.1 + 100 * 0.0101
      lease.firstToken(time.now)
      lease.end({ kind: 'finished', ttft: 1.11, e2e: 1.11, outputTokens: 100, usage }, time.now)
    }
    scheduler.explain(pool, requestOf('x'))
    for (const { signals } of pool.endpoints) {
      expect(signals.prefillFactor).toBeCloseTo(1, 1)
      expect(signals.decodeFactor).toBeCloseTo(1, 1)
    }
  })
})
