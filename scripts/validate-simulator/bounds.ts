import type { Table } from '../../src/report/table.ts'
import { idleTtfts, ttftLowerBound } from '../../src/sim/bounds.ts'
import { pooledReuse, type Retention } from '../../src/sim/pooled-reuse.ts'
import { statistics } from '../../src/stats/summary.ts'
import { idealReuse } from '../../src/workload/ideal-reuse.ts'
import { conversation, conversationAt, engine } from './runs.ts'

const PROFILE = engine('qwen3-32b-tp2-h100')
/** Millions of tokens, LRU and Belady hit in % of the reference. */
const HITS: readonly (readonly [millions: number, lru: number, belady: number])[] = [
  [0.3, 4.3, 15],
  [1, 5.6, 25.8],
  [2.4, 11.1, 34.3],
  [4.8, 21.2, 37.3],
  [8, 27.1, 37.3],
  [16, 34.2, 37.3],
  [24, 36.1, 37.3],
  [48, 37.1, 37.3],
]
/** Millions of tokens, retention, the reference's mean, p50 and p99 in s. */
const FLOORS: readonly (readonly [number, Retention, string])[] = [
  [0, 'lru', '0.853 / 0.34 / 9.53'],
  [0.05, 'lru', '0.853 / 0.34 / 9.53'],
  [2.4, 'lru', '0.797 / 0.29 / 9.15'],
  [2.4, 'belady', '0.585 / 0.15 / 7.67'],
  [8, 'lru', '0.656 / 0.20 / 8.33'],
  [8, 'belady', '0.552 / 0.13 / 7.14'],
  [16, 'lru', '0.586 / 0.15 / 7.66'],
  [Infinity, 'lru', '0.552 / 0.13 / 7.14'],
]
const LOWER_BOUNDS: readonly (readonly [number, number])[] = [
  [1, 0.313],
  [2, 0.324],
  [3, 0.346],
]

/** What caches and engines can give at most, beside an independent computation from the same formulas and trace. */
export function boundTables(): Table[] {
  return [hitTable(), floorTable(), lowerBoundTable()]
}

function hitTable(): Table {
  const { promptTokens, share } = idealReuse(conversation)
  const hit = (millions: number, retention: Retention) => {
    const cached = pooledReuse(conversation, PROFILE.blockSize, millions * 1e6, retention)
    return ((100 * cached.reduce((sum, tokens) => sum + tokens, 0)) / promptTokens).toFixed(1)
  }
  const rows = HITS.map(([millions, lru, belady]) => [
    `${millions} M`,
    hit(millions, 'lru'),
    lru.toFixed(1),
    hit(millions, 'belady'),
    belady.toFixed(1),
  ])
  return {
    title: 'Hit of one pooled cache on the conversation trace, % of prompt tokens',
    rows: [
      ['pooled tokens', 'LRU', 'reference', 'Belady', 'reference'],
      ...rows,
      ['endless', (100 * share).toFixed(1), '37.4', '', ''],
    ],
  }
}

function floorTable(): Table {
  const rows = FLOORS.map(([millions, retention, reference]) => {
    const { mean, p50, p99 } = statistics(
      idleTtfts({ workload: conversation, profile: PROFILE, warmUp: 0.1 }, millions * 1e6, retention),
    )
    return [`${millions} M, ${retention}`, `${mean.toFixed(3)} / ${p50.toFixed(2)} / ${p99.toFixed(2)}`, reference]
  })
  return {
    title: 'TTFT on idle engines with one pooled cache, s: mean / p50 / p99',
    rows: [['pooled tokens', 'here', 'reference'], ...rows],
  }
}

function lowerBoundTable(): Table {
  const rows = LOWER_BOUNDS.map(([speed, reference]) => {
    const workload = conversationAt(speed, 1)
    const { work, queueing } = ttftLowerBound({ workload, profile: PROFILE, endpoints: 8, warmUp: 0.1 })
    return [`x${speed}`, work.toFixed(3), '0.546', queueing.toFixed(3), reference.toFixed(3)]
  })
  return {
    title: 'Lower bounds on the mean TTFT of 8 endpoints, s',
    rows: [['speed', 'own work', 'reference', 'one fast machine', 'reference'], ...rows],
  }
}
