import type { PartConfig } from '../../src/core/plugin.ts'
import type { EngineProfile } from '../../src/engine/profile.ts'
import type { Arm } from '../../src/sim/arms.ts'
import { Simulation } from '../../src/sim/simulation.ts'
import { statistics } from '../../src/stats/summary.ts'
import type { Workload } from '../../src/workload/workload.ts'
import { plainEndpoints } from '../plain-endpoints.ts'
import { makeTrace } from './trace.ts'
import type { TraceShape } from './trace.ts'

/** Engines and a load. */
export interface Cell {
  readonly profile: EngineProfile
  readonly endpoints: number
  readonly shape: TraceShape
}

/** What a run is measured by; times in seconds, shares of 1. */
export const figureNames = [
  'ttftP50',
  'ttftP95',
  'ttftMean',
  'e2eP50',
  'e2eP95',
  'e2eMean',
  'cached',
  'rate',
  'busiest',
] as const

/** Name of a figure. */
export type FigureName = (typeof figureNames)[number]

/** The figures of an arm in a cell, one value per seed, and how often each reason decided in all of them together. */
export interface ArmRuns {
  readonly label: string
  readonly figures: Readonly<Record<FigureName, readonly number[]>>
  readonly reasons: ReadonlyMap<string, number>
  readonly evictedBlocks: number
}

/** The policies of llm-cache-router, its valve at two settings, and the default of Kvasir. */
export const BASELINES: readonly Arm[] = [
  { label: 'round-robin', policy: { type: 'round-robin' } },
  { label: 'random', policy: { type: 'random' } },
  { label: 'least-loaded', policy: { type: 'least-loaded' } },
]
export const MARGINAL: Arm = { label: 'marginal-cost', policy: { type: 'marginal-cost' } }

/** Longest prefix, passing over endpoints with that many requests in flight; 0 for never. */
export function prefixAware(valve: number): Arm {
  const name = valve === 0 ? 'off' : String(valve)
  return { label: `prefix-aware, valve ${name}`, policy: { type: 'prefix-aware', saturationInFlight: valve } }
}

/** Runs every arm on fresh engines with the same traces, one per seed from 1. */
export function runCell({ profile, endpoints, shape }: Cell, arms: readonly Arm[], seeds: number): ArmRuns[] {
  const traces = Array.from({ length: seeds }, (_, index) => makeTrace(shape, index + 1))
  return arms.map(({ label, policy }) => {
    const reasons = new Map<string, number>()
    const runs = traces.map((trace, index) => run(trace, profile, endpoints, policy, index + 1, reasons))
    const column = (name: FigureName) => runs.map(({ figures }) => figures[name])
    return {
      label,
      figures: {
        ttftP50: column('ttftP50'),
        ttftP95: column('ttftP95'),
        ttftMean: column('ttftMean'),
        e2eP50: column('e2eP50'),
        e2eP95: column('e2eP95'),
        e2eMean: column('e2eMean'),
        cached: column('cached'),
        rate: column('rate'),
        busiest: column('busiest'),
      },
      reasons,
      evictedBlocks: runs.reduce((sum, { evictedBlocks }) => sum + evictedBlocks, 0),
    }
  })
}

interface Run {
  readonly figures: Readonly<Record<FigureName, number>>
  readonly evictedBlocks: number
}

function run(
  workload: Workload,
  profile: EngineProfile,
  count: number,
  policy: PartConfig,
  seed: number,
  reasons: Map<string, number>,
): Run {
  const endpoints = plainEndpoints(profile, count)
  const simulation = new Simulation({
    workload,
    endpoints,
    policy,
    view: { kind: 'predicted' },
    routers: 1,
    seed,
    warmUp: 0,
  })
  countReasons(simulation, reasons)
  const { requests, sent, span, evictedBlocks } = simulation.run()
  const ttft = statistics(requests.map((request) => request.ttft))
  const e2e = statistics(requests.map((request) => request.e2e))
  const total = (name: 'cachedTokens' | 'promptTokens') => requests.reduce((sum, request) => sum + request[name], 0)
  const figures = {
    ttftP50: ttft.p50,
    ttftP95: ttft.p95,
    ttftMean: ttft.mean,
    e2eP50: e2e.p50,
    e2eP95: e2e.p95,
    e2eMean: e2e.mean,
    cached: total('cachedTokens') / total('promptTokens'),
    rate: requests.length / span,
    busiest: Math.max(...sent) / requests.length,
  }
  return { figures, evictedBlocks }
}

/** Notes the reason of every decision while a simulation runs. */
function countReasons({ routers }: Simulation, reasons: Map<string, number>): void {
  for (const router of routers) {
    const choose = router.choose.bind(router)
    router.choose = (call, blocks) => {
      const choice = choose(call, blocks)
      if ('decision' in choice) {
        const { reason } = choice.decision
        reasons.set(reason, (reasons.get(reason) ?? 0) + 1)
      }
      return choice
    }
  }
}
