import { generateWorkload } from '../../src/workload/generate-workload.ts'
import { planWorkload } from '../../src/workload/plan-workload.ts'
import type { LoadPlan } from '../../src/workload/plan-workload.ts'
import { createRandom } from '../../src/workload/random.ts'
import { dropLongPrompts, scaleTimes, takeRequests } from '../../src/workload/reshape.ts'
import type { Workload } from '../../src/workload/workload.ts'
import type { GeneratorCase, LoadCase } from './cases.ts'
import { copySessions } from './copy-sessions.ts'
import { mixtureOf } from './mixture-workload.ts'

/** Keeps the draws of answers apart from those of the generators. */
const ANSWER_SEEDS = 1000

/** Seconds to the first token and per further one at little load. */
const USUAL_TTFT = 0.3
const USUAL_TPOT = 0.025

/** Traces that were read already. */
const plans = new Map<string, Promise<LoadPlan>>()

/** What a case sends to so many endpoints, with a seed for all that is random about it. */
export async function caseWorkload(load: LoadCase, replicas: number, seed: number): Promise<Workload> {
  switch (load.kind) {
    case 'trace': {
      const plan = await tracePlan(load.path)
      const left = skipSessions(plan.workload(seed), load.skip ?? 0)
      const taken = takeRequests(left, Math.round(load.requestsPerEndpoint * replicas))
      return scaleTimes(taken, (load.speedPer8 * replicas) / 8, 1)
    }
    case 'closed-trace': {
      const plan = await tracePlan(load.path)
      const whole = dropLongPrompts(plan.workload(seed), load.maxPrompt)
      const copied = copySessions(whole, Math.round(load.sessionsPerEndpoint * replicas), createRandom(seed))
      const sessions = copied.sessions.map((session) => ({
        ...session,
        requests: session.requests.slice(0, load.turns),
      }))
      return { ...copied, sessions, pacing: 'closed' }
    }
    case 'generator':
      return atRecordedTimes(varyAnswers(generated(load, replicas, seed), seed))
    case 'mixture':
      return mixtureOf(
        load.parts.map((part) => generated(part, replicas, seed)),
        createRandom(seed),
      )
  }
}

function generated({ workload, sessionsPerEndpoint, period, knobs }: GeneratorCase, replicas: number, seed: number) {
  const sessions = Math.round(sessionsPerEndpoint * replicas)
  return generateWorkload(workload, { ...knobs, sessions, startJitterMs: period * 1000 }, seed)
}

/** The rest of a trace, with its first session at time 0. */
function skipSessions(workload: Workload, count: number): Workload {
  if (count === 0) return workload
  const sessions = workload.sessions.slice(count)
  const first = Math.min(...sessions.map(({ start }) => start))
  return { ...workload, sessions: sessions.map((session) => ({ ...session, start: session.start - first })) }
}

/**
 * Draws the lengths of answers from an exponential distribution with the generator's length as mean, cut at four times of
 * it. If all were equally long, sessions would fall into step and come in waves.
 */
function varyAnswers(workload: Workload, seed: number): Workload {
  const random = createRandom(seed + ANSWER_SEEDS)
  const draw = (mean: number) => Math.max(1, Math.round(mean * Math.min(4, -Math.log(1 - random()))))
  const sessions = workload.sessions.map((session) => ({
    ...session,
    requests: session.requests.map((request) => ({ ...request, outputTokens: draw(request.outputTokens) })),
  }))
  return { ...workload, sessions }
}

/**
 * Gives every request the time at which it would come if each answer took what it takes at little load. Sent at these times,
 * a load is the same for every policy; were each turn to wait for the one before, policies would have different loads, and
 * a small difference at the beginning would grow into a large one by chance.
 */
function atRecordedTimes(workload: Workload): Workload {
  const sessions = workload.sessions.map((session) => {
    const ends: number[] = []
    const requests = session.requests.map((request) => {
      const offset = request.after.reduce((latest, index) => Math.max(latest, ends[index] ?? 0), 0) + request.think
      ends.push(offset + USUAL_TTFT + request.outputTokens * USUAL_TPOT)
      return { ...request, offset }
    })
    return { ...session, requests }
  })
  return { ...workload, pacing: 'open', sessions }
}

/** Sessions at once under closed pacing. */
export function concurrencyOf(load: LoadCase, replicas: number): number {
  return load.kind === 'closed-trace' ? Math.max(1, Math.round(load.concurrency * replicas)) : 1
}

function tracePlan(path: string): Promise<LoadPlan> {
  const known = plans.get(path)
  if (known !== undefined) return known
  const plan = planWorkload({
    source: { kind: 'trace', path, blockTokens: undefined },
    jitter: undefined,
    maxRequests: undefined,
    maxSessions: undefined,
    maxPrompt: undefined,
    outputCap: undefined,
  })
  plans.set(path, plan)
  return plan
}
