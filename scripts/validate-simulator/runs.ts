import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { PartConfig } from '../../src/core/plugin.ts'
import type { EngineProfile } from '../../src/engine/profile.ts'
import { profileNamed } from '../../src/engine/profiles.ts'
import { runSimulation } from '../../src/sim/run-simulation.ts'
import type { RouterView } from '../../src/sim/scenario.ts'
import { statistics } from '../../src/stats/summary.ts'
import { mooncakeFormat, parseBlockTrace } from '../../src/workload/block-trace.ts'
import { createRandom } from '../../src/workload/random.ts'
import { jitterStarts, scaleTimes } from '../../src/workload/reshape.ts'
import type { Workload } from '../../src/workload/workload.ts'
import { plainEndpoints } from '../plain-endpoints.ts'

const FILE = fileURLToPath(new URL('../../../shared/traces/mooncake/conversation_trace.jsonl', import.meta.url))

/** The Mooncake conversation trace as published. */
export const conversation: Workload = parseBlockTrace(readFileSync(FILE, 'utf8'), FILE, mooncakeFormat)

const jittered = new Map<number, Workload>()

/** The trace with 0 to 3 s of jitter, played `speed` times as fast. */
export function conversationAt(speed: number, seed: number): Workload {
  let workload = jittered.get(seed)
  if (workload === undefined) jittered.set(seed, (workload = jitterStarts(conversation, 3, createRandom(seed))))
  return scaleTimes(workload, speed, 1)
}

/** A profile with another number of KV tokens. */
export function engine(name: string, kvTokens?: number): EngineProfile {
  const profile = profileNamed(name)
  return kvTokens === undefined ? profile : { ...profile, kvTokens }
}

/** What is simulated: equal endpoints behind one router. */
export interface Run {
  readonly workload: Workload
  readonly profile: EngineProfile
  readonly endpoints: number
  readonly policy: PartConfig
  readonly view?: RouterView
  readonly routers?: number
  readonly concurrency?: number
  readonly seed?: number
  readonly warmUp?: number
}

/** Times in seconds (TPOT in ms), the share of prompt tokens found cached, output tokens per second of the whole run. */
export interface Figures {
  readonly ttft: number
  readonly ttftP90: number
  readonly ttftP99: number
  readonly tpot: number
  readonly e2e: number
  readonly hit: number
  readonly outputRate: number
}

/** Simulates and sums up. */
export function figuresOf(run: Run): Figures {
  const { workload, profile, endpoints: count, policy, concurrency } = run
  const endpoints = plainEndpoints(profile, count)
  const { requests, span } = runSimulation({
    workload,
    endpoints,
    policy,
    view: run.view ?? { kind: 'exact' },
    routers: run.routers ?? 1,
    seed: run.seed ?? 1,
    warmUp: run.warmUp ?? 0.1,
    ...(concurrency === undefined ? {} : { concurrency }),
  })
  const total = (name: 'cachedTokens' | 'promptTokens' | 'outputTokens') =>
    requests.reduce((sum, request) => sum + request[name], 0)
  const ttft = statistics(requests.map((request) => request.ttft))
  return {
    ttft: ttft.mean,
    ttftP90: ttft.p90,
    ttftP99: ttft.p99,
    tpot: 1000 * statistics(requests.map((request) => request.tpot).filter(Number.isFinite)).mean,
    e2e: statistics(requests.map((request) => request.e2e)).mean,
    hit: total('cachedTokens') / total('promptTokens'),
    outputRate: total('outputTokens') / span,
  }
}

/** The mean of several runs' figures. */
export function meanOf(runs: readonly Figures[]): Figures {
  const mean = (name: keyof Figures) => runs.reduce((sum, run) => sum + run[name], 0) / runs.length
  return {
    ttft: mean('ttft'),
    ttftP90: mean('ttftP90'),
    ttftP99: mean('ttftP99'),
    tpot: mean('tpot'),
    e2e: mean('e2e'),
    hit: mean('hit'),
    outputRate: mean('outputRate'),
  }
}
