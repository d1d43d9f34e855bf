import type { PartConfig } from '../../src/core/plugin.ts'
import type { Table } from '../../src/report/table.ts'
import { conversationAt, engine, type Figures, figuresOf, meanOf } from './runs.ts'

const SEEDS = [1, 2]
/** llm-d's tolerance for a warm endpoint, in ms. */
const STICKY = { type: 'sticky-until-saturated', affinityThreshold: 0.8, maxTTFTPenaltyMs: 18_000 }

interface Cell {
  readonly profile: string
  readonly kvTokens?: number
  readonly endpoints: number
  readonly speed: number
}

/** A policy, and the reference's mean TTFT s / p99 s / mean TPOT ms / mean E2E s / hit %. */
type Row = readonly [label: string, policy: PartConfig, reference: string]

const MAIN: readonly Row[] = [
  ['round robin', { type: 'round-robin' }, '2.943 / 21.4 / 68.1 / 22.5 / 7.8'],
  ['vLLM JSQ', { type: 'vllm-jsq' }, '1.33 / 13.2 / 45.8 / 16.0 / 7.7'],
  ['Dynamo, scale 1', { type: 'dynamo' }, '0.91–0.97 / 8.9 / 43–45 / 13.6–14.4 / 15–19'],
  ['Dynamo, scale 4', { type: 'dynamo', prefillLoadScale: 4 }, '0.794 / 8.5 / 40.4 / 13.3 / 20.4'],
  ['Dynamo, scale 16', { type: 'dynamo', prefillLoadScale: 16 }, '0.753 / 8.5 / 37.8 / 13.0 / 22.2'],
  ['Dynamo, scale 32', { type: 'dynamo', prefillLoadScale: 32 }, '0.749 / 8.5 / 37.5 / 12.9 / 22.5'],
  ['DualMap, 5 s', { type: 'dual-map', sloSeconds: 5 }, '1.175 / 12.2 / 38.8 / 13.5 / 26.8'],
  ['llm-d sticky, 0.8, 18 s', STICKY, '0.909 / 11.3 / 66.9 / 23.8 / 25.5'],
  ['LMetric', { type: 'lmetric' }, '0.773 / 9.2 / 35.1 / 12.1 / 22.7'],
  ['least prefill work', { type: 'least-prefill-work' }, '0.750 / 8.6 / 34.5 / 12.4 / 22.7'],
  ['min TTFT', { type: 'min-ttft' }, '0.747 / 8.5 / 36.9 / 12.8 / 22.1'],
  ['social cost | marginal-cost', { type: 'marginal-cost' }, '0.756 / 8.8 / 32.5 / 11.5 / 24.2'],
]

const H100 = 'qwen3-32b-tp2-h100'
const LPWL = { type: 'least-prefill-work' }
const LMETRIC = { type: 'lmetric' }
const MARGINAL = { type: 'marginal-cost' }

/** Other cells: the reference has fewer figures of some. */
const OTHERS: readonly (readonly [name: string, cell: Cell, rows: readonly Row[]])[] = [
  [
    'x2.0, 1 M',
    { profile: H100, kvTokens: 1_000_000, endpoints: 8, speed: 2 },
    [
      ['LMetric', LMETRIC, '.875 / 9.6 / 64.4 / 21.5'],
      ['least prefill work', LPWL, '.856 / 8.7 / 65 / 21.9'],
      ['social cost | marginal-cost', MARGINAL, '.851 / 9.2 / 55.7 / 18.8'],
    ],
  ],
  [
    'N 16, x4, 1 M',
    { profile: H100, kvTokens: 1_000_000, endpoints: 16, speed: 4 },
    [
      ['LMetric', LMETRIC, '.725 / – / 51.7 / 17.8'],
      ['social cost | marginal-cost', MARGINAL, '.724 / – / 43.0 / 15.4'],
    ],
  ],
  [
    'N 4, x1, 1 M',
    { profile: H100, kvTokens: 1_000_000, endpoints: 4, speed: 1 },
    [
      ['LMetric', LMETRIC, '1.388 / – / 94.2 / 30.1'],
      ['social cost | marginal-cost', MARGINAL, '1.414 / – / 89.2 / 28.1'],
    ],
  ],
  [
    'x1.5, 301,808',
    { profile: H100, kvTokens: 301_808, endpoints: 8, speed: 1.5 },
    [
      ['LMetric', LMETRIC, '.996 / 12.7 / 41.6 / 14.53'],
      ['least prefill work', LPWL, '.914 / 9.6'],
      ['min TTFT', { type: 'min-ttft' }, '.894 / 9.5'],
      ['social cost | marginal-cost', MARGINAL, '.978 / 11.3 / 39.8 / 13.84'],
    ],
  ],
  [
    'x1.0, 301,808',
    { profile: H100, kvTokens: 301_808, endpoints: 8, speed: 1 },
    [
      ['least prefill work', LPWL, '.831 / 8.96 / 25.3'],
      ['LMetric', LMETRIC, '.852 / 10.0 / 25.6'],
      ['Dynamo, scale 1', { type: 'dynamo' }, '.913'],
      ['Dynamo, scale 32', { type: 'dynamo', prefillLoadScale: 32 }, '.832'],
    ],
  ],
  [
    'FP8 TP1, x1.0, 290,000',
    { profile: 'qwen3-32b-fp8-h100', kvTokens: 290_000, endpoints: 8, speed: 1 },
    [
      ['round robin', { type: 'round-robin' }, '11.5'],
      ['Dynamo, scale 1', { type: 'dynamo' }, '1.642'],
      ['Dynamo, scale 32', { type: 'dynamo', prefillLoadScale: 32 }, '1.383'],
      ['LMetric', LMETRIC, '1.488 / 19.6 / 45.8'],
      ['least prefill work', LPWL, '1.398 / 16.4 / 47.8'],
    ],
  ],
]

/** Policies on the conversation trace, beside what another simulator with the same model of an engine gave. */
export function policyTables(): Table[] {
  const main: Cell = { profile: H100, kvTokens: 1_000_000, endpoints: 8, speed: 1.5 }
  return [
    {
      title: 'Policies on the conversation trace, 8 endpoints, 1 M tokens each, x1.5',
      rows: [
        ['policy', 'here: TTFT s / p99 / TPOT ms / E2E s / hit %', 'reference', 'predicted view'],
        ...MAIN.map(([label, policy, reference]) => [
          label,
          shown(simulate(main, policy, 'exact')),
          reference,
          shown(simulate(main, policy, 'predicted')),
        ]),
      ],
    },
    {
      title: 'Other cells on the same trace',
      rows: [
        ['cell', 'policy', 'here: TTFT s / p99 / TPOT ms / E2E s / hit %', 'reference'],
        ...OTHERS.flatMap(([name, cell, rows]) =>
          rows.map(([label, policy, reference]) => [name, label, shown(simulate(cell, policy, 'exact')), reference]),
        ),
      ],
    },
  ]
}

function simulate(cell: Cell, policy: PartConfig, kind: 'exact' | 'predicted'): Figures {
  const profile = engine(cell.profile, cell.kvTokens)
  return meanOf(
    SEEDS.map((seed) =>
      figuresOf({
        workload: conversationAt(cell.speed, seed),
        profile,
        endpoints: cell.endpoints,
        policy,
        view: { kind },
        seed,
      }),
    ),
  )
}

function shown({ ttft, ttftP99, tpot, e2e, hit }: Figures): string {
  return `${ttft.toFixed(3)} / ${ttftP99.toFixed(1)} / ${tpot.toFixed(1)} / ${e2e.toFixed(1)} / ${(100 * hit).toFixed(1)}`
}
