import { describe, expect, it } from 'vitest'
import type { EndpointState } from './endpoint-state.ts'
import type { Lease } from './lease.ts'
import type { RequestOutcome } from './outcome.ts'
import { decodeStepSeconds } from './rates.ts'
import type { SchedulingRequest } from './request.ts'
import { fleetFixture, PLAIN_RATES, requestOf, settingsOf } from './testing/fleet-fixture.ts'

/** 2048 tokens in 64 blocks, which take 0.2048 s; every seed begins otherwise. */
const OWN = 0.2048
const prompt = (seed: number) => `${seed} is the number `.repeat(1000).slice(0, 8192)
const USAGE = { promptTokens: 2048, cachedTokens: 0, completionTokens: 101 }

function outcomeOf(changes: Partial<RequestOutcome> = {}): RequestOutcome {
  return { kind: 'finished', ttft: undefined, e2e: 1, outputTokens: 101, usage: USAGE, ...changes }
}

/** One endpoint, to which prompts that nobody has seen are sent. */
function oneEndpoint(kvTokens = 1_000_000) {
  const { scheduler, pool, fleet, time } = fleetFixture(['a'])
  fleet.configure(settingsOf('a', { kvTokens }))
  const [endpoint] = pool.endpoints
  if (endpoint === undefined) throw new Error('one endpoint expected')
  let seed = 0
  return {
    time,
    send(changes: Partial<SchedulingRequest> = {}): Lease {
      const choice = scheduler.choose(pool, requestOf(prompt(seed++), changes))
      if (!('lease' in choice)) throw new Error(choice.message)
      return choice.lease
    },
    signals() {
      endpoint.refresh(time.now)
      return endpoint.signals
    },
    endpoint: endpoint satisfies EndpointState,
  }
}

type Fixture = ReturnType<typeof oneEndpoint>

/** Sends one request after the other, the first token of each `factor` times as late as the rates say. */
function answerOneByOne({ send, time }: Fixture, factor: number, count: number): void {
  for (let i = 0; i < count; i++) {
    const lease = send()
    time.now += factor * OWN
    lease.firstToken(time.now)
    lease.end(outcomeOf({ kind: 'aborted' }), time.now)
  }
}

describe('a lease that sees its first token', () => {
  it.each([4, 0.25])('teaches that prefill takes %d times as long', (factor) => {
    const fixture = oneEndpoint()
    answerOneByOne(fixture, factor, 2)
    expect(fixture.signals().prefillFactor).toBeUndefined()
    answerOneByOne(fixture, factor, 1)
    expect(fixture.signals().prefillFactor).toBeCloseTo(factor, 9)
    expect(fixture.signals().predictionError).toBeCloseTo(Math.abs(factor - 1) / factor, 9)
    expect(fixture.signals().decodeFactor).toBeUndefined()
  })

  it('counts the work ahead of it as predicted, and not as its own', () => {
    const fixture = oneEndpoint()
    const leases = [fixture.send(), fixture.send(), fixture.send()]
    for (const lease of leases) {
      fixture.time.now += OWN
      lease.firstToken(fixture.time.now)
    }
    expect(fixture.signals().prefillFactor).toBeCloseTo(1, 9)
    expect(fixture.signals().predictionError).toBeCloseTo(0, 9)
  })

  it('counts half of the decode step that is under way', () => {
    const fixture = oneEndpoint()
    answerOneByOne(fixture, 1, 3)
    const decoding = fixture.send()
    fixture.time.now += OWN
    decoding.firstToken(fixture.time.now)
    const second = fixture.send()
    // One sequence of 2048 + 100 tokens decodes.
    fixture.time.now += OWN + decodeStepSeconds(PLAIN_RATES, 1, 2148) / 2
    second.firstToken(fixture.time.now)
    expect(fixture.signals().prefillFactor).toBeCloseTo(1, 12)
    expect(fixture.signals().predictionError).toBeCloseTo(0, 12)
  })

  it('teaches nothing where it may have waited for memory', () => {
    // 2148 tokens in flight are more than nine tenths of 2300, and less than nine tenths of 2400.
    const full = oneEndpoint(2300)
    answerOneByOne(full, 4, 5)
    expect(full.signals()).toMatchObject({ prefillFactor: undefined, predictionError: undefined })
    const roomy = oneEndpoint(2400)
    answerOneByOne(roomy, 4, 5)
    expect(roomy.signals().prefillFactor).toBeCloseTo(4, 9)
  })

  it('says it once', () => {
    const fixture = oneEndpoint()
    const lease = fixture.send()
    for (let i = 0; i < 5; i++) lease.firstToken(++fixture.time.now)
    expect(fixture.signals()).toMatchObject({ prefillFactor: undefined, decoding: 1 })
    lease.end(outcomeOf(), fixture.time.now)
    lease.firstToken(fixture.time.now)
    expect(fixture.signals().decoding).toBe(0)
  })
})

describe('a streamed answer that has ended', () => {
  const STEP = decodeStepSeconds(PLAIN_RATES, 1, 2148)

  it.each([4, 0.25])('teaches that decoding takes %d times as long', (factor) => {
    const fixture = oneEndpoint()
    for (let i = 0; i < 3; i++) {
      const lease = fixture.send()
      fixture.time.now += OWN
      lease.firstToken(fixture.time.now)
      fixture.time.now += factor * 100 * STEP
      lease.end(outcomeOf(), fixture.time.now)
    }
    expect(fixture.signals().decodeFactor).toBeCloseTo(factor, 9)
    expect(fixture.signals().prefillFactor).toBeCloseTo(1, 9)
  })

  it('takes off the prefills that were done meanwhile', () => {
    const fixture = oneEndpoint()
    answerOneByOne(fixture, 1, 3)
    for (let i = 0; i < 3; i++) {
      const lease = fixture.send()
      fixture.time.now += OWN
      lease.firstToken(fixture.time.now)
      fixture.time.now += 99.5 * STEP
      const other = fixture.send()
      fixture.time.now += 0.5 * STEP + OWN
      other.firstToken(fixture.time.now)
      other.end(outcomeOf({ kind: 'aborted' }), fixture.time.now)
      lease.end(outcomeOf(), fixture.time.now)
    }
    expect(fixture.signals().decodeFactor).toBeCloseTo(1, 9)
  })

  it('is measured against the mean of the steps at its first and its last token', () => {
    const fixture = oneEndpoint()
    for (let i = 0; i < 3; i++) {
      const lease = fixture.send()
      fixture.time.now += OWN
      lease.firstToken(fixture.time.now)
      fixture.time.now += 49.5 * STEP
      const beside = fixture.send()
      fixture.time.now += 0.5 * STEP + OWN
      beside.firstToken(fixture.time.now)
      fixture.time.now += 50 * decodeStepSeconds(PLAIN_RATES, 2, 2 * 2148)
      lease.end(outcomeOf(), fixture.time.now)
      beside.end(outcomeOf({ kind: 'aborted' }), fixture.time.now)
    }
    expect(fixture.signals().decodeFactor).toBeCloseTo(1, 9)
  })

  it.each(['failed', 'refused', 'aborted'] as const)('teaches nothing when it %s', (kind) => {
    const fixture = oneEndpoint()
    for (let i = 0; i < 5; i++) {
      const lease = fixture.send()
      lease.firstToken(fixture.time.now)
      fixture.time.now += 10
      lease.end(outcomeOf({ kind }), fixture.time.now)
    }
    for (let i = 0; i < 5; i++) fixture.send({ streamed: false }).end(outcomeOf({ kind }), ++fixture.time.now)
    expect(fixture.signals().decodeFactor).toBeUndefined()
  })
})

describe('a plain answer that has ended', () => {
  const PREDICTED = OWN + 101 * decodeStepSeconds(PLAIN_RATES, 1, 2148)

  // Its first byte comes with its last, if anything says when that was.
  it.each([
    [4, true],
    [4, false],
    [0.25, true],
  ])('teaches that everything takes %d times as long (first byte noted: %s)', (factor, noted) => {
    const fixture = oneEndpoint()
    for (let i = 0; i < 3; i++) {
      const lease = fixture.send({ streamed: false })
      fixture.time.now += factor * PREDICTED
      if (noted) lease.firstToken(fixture.time.now)
      lease.end(outcomeOf(), fixture.time.now)
    }
    expect(fixture.signals().prefillFactor).toBeCloseTo(factor, 9)
    expect(fixture.signals().decodeFactor).toBeCloseTo(factor, 9)
    expect(fixture.signals().predictionError).toBeUndefined()
  })

  it('counts the work that was ahead of it', () => {
    const fixture = oneEndpoint()
    for (let i = 0; i < 3; i++) {
      const ahead = fixture.send()
      const lease = fixture.send({ streamed: false })
      ahead.end(outcomeOf({ kind: 'aborted' }), fixture.time.now)
      fixture.time.now += 2 * (OWN + PREDICTED)
      lease.end(outcomeOf(), fixture.time.now)
    }
    expect(fixture.signals().prefillFactor).toBeCloseTo(2, 9)
  })

  it('is measured against the steps of those that were decoding when it was sent', () => {
    const fixture = oneEndpoint()
    const beside = [0, 1].map(() => fixture.send())
    for (const lease of beside) {
      fixture.time.now += OWN
      lease.firstToken(fixture.time.now)
    }
    const step = decodeStepSeconds(PLAIN_RATES, 2, 2 * 2148)
    for (let i = 0; i < 3; i++) {
      const lease = fixture.send({ streamed: false })
      fixture.time.now += OWN + step / 2 + 101 * step
      lease.end(outcomeOf(), fixture.time.now)
    }
    expect(fixture.signals().decodeFactor).toBeCloseTo(1, 9)
  })

  it('teaches nothing when the engine does not say how many tokens it had', () => {
    const fixture = oneEndpoint()
    for (let i = 0; i < 5; i++) {
      const lease = fixture.send({ streamed: false })
      fixture.time.now += 10
      lease.end(outcomeOf({ outputTokens: 0, usage: undefined }), fixture.time.now)
    }
    expect(fixture.signals()).toMatchObject({ prefillFactor: undefined, decodeFactor: undefined })
  })
})
