import type { SimulatedRequest, SimulationResult } from '../../src/sim/simulation-result.ts'
import { statistics } from '../../src/stats/summary.ts'

/** What the pages show of one run. Times are milliseconds. */
export interface RequestFigures {
  readonly ttftP50: number
  readonly ttftP95: number
  readonly ttftMean: number
  readonly e2eP50: number
  readonly e2eP95: number
  readonly e2eMean: number
  readonly tpotMean: number
  /** Cached share of all prompt tokens. */
  readonly hit: number
  /** Share of the requests that went to the endpoint that got most. */
  readonly busiest: number
}

/** The figures of a run's measured requests. */
export function figuresOf({ requests }: SimulationResult): RequestFigures {
  const ttft = statistics(requests.map((request) => 1e3 * request.ttft))
  const e2e = statistics(requests.map((request) => 1e3 * request.e2e))
  const total = (name: 'cachedTokens' | 'promptTokens') => requests.reduce((sum, request) => sum + request[name], 0)
  return {
    ttftP50: ttft.p50,
    ttftP95: ttft.p95,
    ttftMean: ttft.mean,
    e2eP50: e2e.p50,
    e2eP95: e2e.p95,
    e2eMean: e2e.mean,
    tpotMean: 1e3 * statistics(requests.map(({ tpot }) => tpot).filter(Number.isFinite)).mean,
    hit: total('cachedTokens') / total('promptTokens'),
    busiest: busiestShare(requests),
  }
}

function busiestShare(requests: readonly SimulatedRequest[]): number {
  const counts = new Map<number, number>()
  for (const { endpoint } of requests) counts.set(endpoint, (counts.get(endpoint) ?? 0) + 1)
  return Math.max(...counts.values()) / requests.length
}
