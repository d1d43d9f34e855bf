import { Fleet } from '../src/core/fleet.ts'
import type { Lease } from '../src/core/lease.ts'
import type { RequestOutcome } from '../src/core/outcome.ts'
import { Scheduler } from '../src/core/scheduler.ts'
import { DEFAULT_PROFILE, profileNamed } from '../src/engine/profiles.ts'
import { gatewayRequest } from '../src/gateway/gateway-request.ts'
import { understand } from '../src/gateway/understand.ts'
import marginalCost from '../src/plugins/policies/marginal-cost.ts'
import { createPartFactory } from '../src/plugins/part-factory.ts'
import { FILTERS, PICKERS, SCORERS } from '../src/plugins/index.ts'
import { BlockHasher } from '../src/prefix/block-hasher.ts'
import { PredictedIndex } from '../src/prefix/predicted-index.ts'
import { routeOf } from '../src/protocol/route.ts'

const PROMPT_BYTES = 64 * 1024
const CHATS = 64
const ROUNDS = 4000
const WARM_UP = 1000
const FINISHED: RequestOutcome = { kind: 'finished', ttft: 0.1, e2e: 1, outputTokens: 100, usage: undefined }
const SENDER = { clientAddress: '127.0.0.1', header: () => undefined }

/** A chat of several messages, 64 KB in all, with a system prompt that all chats share and newlines as code has them. */
function chatBody(chat: number): Buffer {
  const text = (seed: string, bytes: number): string => {
    let made = ''
    for (let line = 0; made.length < bytes; line++)
      made += `${seed} line ${line} of some fifty-odd characters of text\n`
    return made.slice(0, bytes)
  }
  const part = PROMPT_BYTES / 8
  const messages = [
    { role: 'system', content: text('You are a careful assistant.', 2 * part) },
    ...Array.from({ length: 6 }, (_, turn) => ({
      role: turn % 2 === 0 ? 'user' : 'assistant',
      content: text(`chat ${chat} turn ${turn}`, part),
    })),
  ]
  return Buffer.from(JSON.stringify({ model: 'm', stream: true, max_tokens: 256, messages }))
}

function percentile(sorted: Float64Array, share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN
}

interface DecisionFigures {
  readonly p50: number
  readonly p99: number
}

/** Microseconds of whole decisions over a fleet of `endpoints`, each chat's prefix warm somewhere. */
function measure(endpoints: number): DecisionFigures {
  const index = new PredictedIndex()
  const parts = createPartFactory({ filters: FILTERS, scorers: SCORERS, pickers: PICKERS }, Math.random)
  const policyFor = () => ({
    plugin: marginalCost,
    policy: marginalCost.instantiate({}, { random: Math.random, parts }),
  })
  const fleet = new Fleet({ index, policyFor, bytesPerToken: 4 })
  const { rates, kvTokens } = profileNamed(DEFAULT_PROFILE)
  for (let i = 0; i < endpoints; i++) {
    const id = `endpoint-${i}`
    fleet.add({ id, url: `http://${id}`, role: 'both', labels: {}, rates, kvTokens, maxConcurrency: Infinity }, ['m'])
    fleet.setReady(id, true)
  }
  const clock = (): number => performance.now() / 1000
  const scheduler = new Scheduler({ index, clock, random: Math.random })
  const services = { fleet, hasher: new BlockHasher() }
  const route = routeOf('POST', '/v1/chat/completions')
  if (route === undefined) throw new Error('the chat route is missing')
  const bodies = Array.from({ length: CHATS }, (_, chat) => chatBody(chat))
  const decide = (chat: number) => {
    const understood = understand(services, route, bodies[chat]!, { contentEncoding: undefined, tenant: undefined })
    if ('code' in understood) throw new Error(understood.message)
    const choice = scheduler.choose(understood.pool, gatewayRequest('r', SENDER, understood.pool, understood))
    if ('code' in choice) throw new Error(choice.message)
    return choice
  }
  // All chats at once, so that they spread and each has its prefix warm somewhere.
  const first = bodies.map((_, chat) => decide(chat))
  const homes = first.map(({ decision }) => decision.endpoint)
  for (const { lease } of first) finish(lease, clock())
  const times = new Float64Array(ROUNDS)
  for (let round = -WARM_UP; round < ROUNDS; round++) {
    const chat = (round + WARM_UP) % CHATS
    const start = performance.now()
    const { decision, lease } = decide(chat)
    if (round >= 0) times[round] = (performance.now() - start) * 1000
    // A benchmark of wrong answers is worth nothing: every chat must stay where its cache is.
    if (decision.endpoint !== homes[chat])
      throw new Error(`chat ${chat} left ${homes[chat]} although its cache is warm`)
    finish(lease, clock())
  }
  times.sort()
  return { p50: percentile(times, 0.5), p99: percentile(times, 0.99) }
}

function finish(lease: Lease, now: number): void {
  lease.firstToken(now)
  lease.end(FINISHED, now)
}

/** Prints what a decision costs: reading the body, block keys, match, ranking and lease. */
export function benchDecision(print: (line: string) => void): boolean {
  print(
    `A whole decision for a ${PROMPT_BYTES / 1024} KB chat, index warm (body scan, block keys, match, ranking, lease), µs`,
  )
  const few = measure(16)
  const many = measure(256)
  print(`   16 endpoints: p50 ${few.p50.toFixed(1)} (target <= 60)   p99 ${few.p99.toFixed(1)} (target <= 300)`)
  print(
    `  256 endpoints: p50 ${many.p50.toFixed(1)} (${(many.p50 / few.p50).toFixed(2)} times, target <= 2)   p99 ${many.p99.toFixed(1)}`,
  )
  return few.p50 <= 60 && few.p99 <= 300 && many.p50 <= 2 * few.p50
}

if (import.meta.main) process.exitCode = benchDecision(console.log) ? 0 : 1
