import type { PartConfig } from '../../src/core/plugin.ts'
import type { Table } from '../../src/report/table.ts'
import type { RouterView } from '../../src/sim/scenario.ts'
import { generateWorkload } from '../../src/workload/generate-workload.ts'
import type { Workload } from '../../src/workload/workload.ts'
import { conversation, conversationAt, engine, type Figures, figuresOf } from './runs.ts'

/** What others measured on real engines or their own simulators; only the shape can be compared. */
export function measuredTables(): Table[] {
  return [weightSweep(), mooncakeRatios(), sharedPrefixes()]
}

/** NVIDIA swept the weight of prefill work in Dynamo's default selector: closed loop, 32 at once. */
function weightSweep(): Table {
  const workload = { ...conversation, pacing: 'closed' as const }
  const published = new Map([
    ['scale 1', '142 / 16.5 / 2034 / 0.494'],
    ['scale 32', '122 / 12.1 / 1961 / 0.554'],
  ])
  const sweep: readonly (readonly [string, PartConfig])[] = [
    ['round robin', { type: 'round-robin' }],
    ['scale 0.25', { type: 'dynamo', prefillLoadScale: 0.25 }],
    ['scale 1', { type: 'dynamo' }],
    ['scale 4', { type: 'dynamo', prefillLoadScale: 4 }],
    ['scale 8', { type: 'dynamo', prefillLoadScale: 8 }],
    ['scale 16', { type: 'dynamo', prefillLoadScale: 16 }],
    ['scale 32', { type: 'dynamo', prefillLoadScale: 32 }],
    ['scale 8, credit 0', { type: 'dynamo', prefillLoadScale: 8, overlapCredit: 0 }],
  ]
  const rows = sweep.map(([label, policy]) => {
    const profile = engine('qwen3-32b-tp2-h200')
    const { ttft, tpot, e2e, hit } = figuresOf({ workload, profile, endpoints: 8, policy, concurrency: 32 })
    const here = `${(1000 * ttft).toFixed(0)} / ${tpot.toFixed(1)} / ${(1000 * e2e).toFixed(0)} / ${hit.toFixed(3)}`
    return [label, here, published.get(label) ?? '']
  })
  return {
    title: "Weight of prefill work in Dynamo's selector, closed loop of 32: TTFT ms / TPOT ms / E2E ms / reuse",
    rows: [['policy', 'here: conversation, Qwen3-32B, H200', 'published: toolagent, MiniMax-M2.5, B200'], ...rows],
  }
}

/** Mooncake compared ways to place prefill on 16 nodes of 8 A800; how fast it played the trace is not published. */
function mooncakeRatios(): Table {
  const profile = engine('llama-3-70b-tp8-a100', 3_000_000)
  const queue = { type: 'weighted-scorers', scorers: [{ type: 'queue-work', weight: 1 }] }
  const arms: readonly (readonly [string, PartConfig, number])[] = [
    ['random', { type: 'random' }, 19.65],
    ['load-balanced: fewest requests', { type: 'least-loaded' }, 5.27],
    ['load-balanced: shortest queue', queue, 5.27],
    ['local-cache-aware: min TTFT', { type: 'min-ttft' }, 3.58],
  ]
  const rows = arms.map(([label, policy, published]) => {
    const { ttft, hit } = figuresOf({ workload: conversationAt(1.4, 1), profile, endpoints: 8, policy })
    return [label, ttft.toFixed(2), (100 * hit).toFixed(1), published.toFixed(2)]
  })
  return {
    title: 'Mean TTFT on the conversation trace, Llama-3-70B on 8 A100 per endpoint, 8 endpoints, x1.4, s',
    rows: [['placement', 'here', 'hit %', 'published'], ...rows],
  }
}

const PREFIX = { type: 'prefix-match', weight: 3 }
const LOAD = [
  { type: 'in-flight', weight: 2 },
  { type: 'kv-fill', weight: 2 },
]

/** llm-d's benchmark of shared prefixes: 150 groups on 8 endpoints, 3 to 60 requests per second. */
function sharedPrefixes(): Table {
  const profile = engine('qwen3-32b-tp2-h100', 307_328)
  const arms: readonly (readonly [string, PartConfig, RouterView['kind'], string])[] = [
    ['prefix 3, queue 2, KV 2: precise', blend([PREFIX, ...LOAD]), 'exact', '8730 / 0.542 / 0.298'],
    ['the same: approximate', blend([PREFIX, ...LOAD]), 'predicted', '6944 / 31.1 / 13.3'],
    ['queue 2, KV 2: load only', blend(LOAD), 'exact', '4429 / 94.9 / 47.0'],
    ['random', { type: 'random' }, 'exact', '4429 / 92.6 / 45.3'],
    ['marginal-cost', { type: 'marginal-cost' }, 'exact', ''],
    ['least prefill work', { type: 'least-prefill-work' }, 'exact', ''],
  ]
  const rows = arms.map(([label, policy, kind, published]) => {
    const run = (highest: number): Figures =>
      figuresOf({ workload: ramp(3, highest, 600), profile, endpoints: 8, policy, view: view(kind), warmUp: 0 })
    return [label, brief(run(45)), brief(run(60)), published]
  })
  return {
    title: '150 shared prefixes, rate growing for ten minutes: output tok/s / TTFT p90 s / mean s',
    rows: [['policy', 'here: 3 to 45 QPS', 'here: 3 to 60 QPS', 'published: 3 to 60 QPS'], ...rows],
  }
}

function blend(scorers: readonly { readonly type: string; readonly weight: number }[]): PartConfig {
  return { type: 'weighted-scorers', scorers }
}

function view(kind: RouterView['kind']): RouterView {
  return kind === 'predicted' ? { kind } : { kind: 'exact' }
}

function brief({ outputRate, ttftP90, ttft }: Figures): string {
  return `${outputRate.toFixed(0)} / ${ttftP90.toFixed(2)} / ${ttft.toFixed(2)}`
}

/**
 * Requests whose rate grows evenly, in requests per second over so many seconds. Answers have 277 tokens: what is
 * published as 8,730 tokens per second is that many of each of 31.5 requests per second, the mean of the ladder, although
 * 1,000 were asked for.
 */
function ramp(from: number, to: number, seconds: number): Workload {
  const sessions = Math.round(((from + to) / 2) * seconds)
  const knobs = {
    sessions,
    turns: 1,
    groups: 150,
    systemLen: 24_000,
    userLen: 4800,
    maxTokens: 277,
    startJitterMs: 1000,
  }
  const workload = generateWorkload('groups', knobs, 1)
  const growth = (to - from) / (2 * seconds)
  const moment = (share: number) => (Math.sqrt(from * from + 4 * growth * share * sessions) - from) / (2 * growth)
  const moved = workload.sessions.map((session) => ({ ...session, start: moment(session.start) }))
  return { ...workload, pacing: 'open', sessions: moved }
}
