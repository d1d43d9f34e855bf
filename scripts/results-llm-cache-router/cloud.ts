import { profileNamed } from '../../src/engine/profiles.ts'
import { markdownTable } from '../results/table.ts'
import { growth, meanInterval, noWorse } from './criteria.ts'
import type { Criterion } from './criteria.ts'
import { cloudFigures, PUBLISHED_POLICIES } from './published.ts'
import type { PublishedFigures } from './published.ts'
import { BASELINES, MARGINAL, prefixAware, runCell } from './runs.ts'
import type { ArmRuns, FigureName } from './runs.ts'
import { cell, MILLISECONDS, PER_CENT, publishedCell, RATE } from './tables.ts'
import type { Shown } from './tables.ts'

/** A part of the page: its lines, and what it was to show. */
export interface Section {
  readonly lines: readonly string[]
  readonly criteria: readonly Criterion[]
}

const SESSIONS = [4, 8, 12, 16, 24, 48, 96]
const PUBLISHED_SESSIONS = [4, 8, 12, 16, 24]
const TRACE = { turns: 8, systemChars: 6144, codeChars: 1536, maxTokens: 64 }
const VALVE_4 = prefixAware(4)
const ARMS = [...BASELINES, VALVE_4, prefixAware(8), MARGINAL]
/** Seconds between the smallest and the largest published load by which slopes may differ without counting. */
const SLOPE_TOLERANCE = 0.0005

interface Metric {
  readonly title: string
  readonly figure: FigureName
  readonly shown: Shown
  readonly published?: keyof PublishedFigures
}

const METRICS: readonly Metric[] = [
  { title: 'True TTFT, median, ms', figure: 'ttftP50', shown: MILLISECONDS },
  { title: 'True TTFT, 95th percentile, ms', figure: 'ttftP95', shown: MILLISECONDS },
  { title: 'True TTFT, mean, ms', figure: 'ttftMean', shown: MILLISECONDS },
  {
    title: 'Whole answer, median, ms (published as "TTFT p50")',
    figure: 'e2eP50',
    shown: MILLISECONDS,
    published: 'p50',
  },
  {
    title: 'Whole answer, 95th percentile, ms (published as "TTFT p95")',
    figure: 'e2eP95',
    shown: { factor: 1e3, digits: 0 },
    published: 'p95',
  },
  { title: 'Whole answer, mean, ms', figure: 'e2eMean', shown: MILLISECONDS },
  { title: 'Prompt tokens found cached, %', figure: 'cached', shown: PER_CENT, published: 'cached' },
  { title: 'Requests per second', figure: 'rate', shown: RATE, published: 'rate' },
  { title: 'Share of the busiest endpoint, %', figure: 'busiest', shown: PER_CENT },
]

type Runs = ReadonlyMap<number, ReadonlyMap<string, ArmRuns>>

/** Sweeps the sessions on four A100 with one model. */
export function cloudSweep(model: '7b' | '14b', seeds: number): Section {
  const profile = profileNamed(`qwen2.5-${model}-a100`)
  const runs = new Map(
    SESSIONS.map((sessions) => {
      const arms = runCell({ profile, endpoints: 4, shape: { ...TRACE, sessions } }, ARMS, seeds)
      return [sessions, new Map(arms.map((arm) => [arm.label, arm]))]
    }),
  )
  const tables = METRICS.flatMap((metric) => [`**${metric.title}**`, '', ...metricTable(model, metric, runs), ''])
  return {
    lines: [`### Qwen2.5-${model.toUpperCase()}`, '', ...tables, '**Slopes**', '', ...slopeTable(runs), ''],
    criteria: judge(model, runs),
  }
}

function metricTable(model: '7b' | '14b', { figure, shown, published }: Metric, runs: Runs): string[] {
  const rows = ARMS.map(({ label }) => [
    label,
    ...SESSIONS.map((sessions) => cell(armOf(runs, sessions, label), figure, shown)),
  ])
  const theirs =
    published === undefined
      ? []
      : PUBLISHED_POLICIES.map((policy, index) => [
          `published: ${policy}${index === 3 ? ', valve 4' : ''}`,
          ...SESSIONS.map((sessions) => publishedCell(cloudFigures(model, sessions, index)[published], shown)),
        ])
  return markdownTable(['sessions', ...SESSIONS.map(String)], [...rows, ...theirs])
}

function slopeTable(runs: Runs): string[] {
  const rows = ARMS.map(({ label }) => [
    label,
    ...(['ttftP50', 'e2eP50'] as const).map((figure) => {
      const { mean, low, high } = meanInterval(slope(runs, label, figure).map((seconds) => seconds * 1e3))
      return `${mean.toFixed(1)} (${low.toFixed(1)}–${high.toFixed(1)})`
    }),
  ])
  return markdownTable(['growth of the median from 4 to 24 sessions, ms', 'true TTFT', 'whole answer'], rows)
}

function slope(runs: Runs, label: string, figure: FigureName): number[] {
  return growth(armOf(runs, 4, label), armOf(runs, 24, label), figure)
}

function judge(model: '7b' | '14b', runs: Runs): Criterion[] {
  const name = model.toUpperCase()
  const against = (base: string, sessions: number, figure: FigureName, better: 'lower' | 'higher', what: string) =>
    noWorse(`${name}, ${sessions} sessions: ${what}`, armOf(runs, sessions, base), ours(runs, sessions), figure, better)
  const medians = (figure: 'ttftP50' | 'e2eP50', what: string) => [
    ...[4, 8, 12].map((sessions) => against('least-loaded', sessions, figure, 'lower', `${what} / least-loaded's`)),
    ...[16, 24].map((sessions) =>
      against(VALVE_4.label, sessions, figure, 'lower', `${what} / prefix-aware's (valve 4)`),
    ),
  ]
  return [
    ...medians('ttftP50', 'TTFT p50'),
    ...medians('e2eP50', 'whole answer p50'),
    gentlest(`${name}: slope of TTFT p50, 4 to 24 sessions, ms`, runs, 'ttftP50'),
    gentlest(`${name}: slope of the whole answer's p50, 4 to 24 sessions, ms`, runs, 'e2eP50'),
    ...PUBLISHED_SESSIONS.map((sessions) =>
      against('least-loaded', sessions, 'rate', 'higher', `requests per second / least-loaded's`),
    ),
    noWorse(
      `${name}, 24 sessions: cached share / prefix-aware's (valve 4)`,
      armOf(runs, 24, VALVE_4.label),
      ours(runs, 24),
      'cached',
      'higher',
      0,
    ),
  ]
}

/** No other policy's median grows less, by an interval of the paired difference. */
function gentlest(name: string, runs: Runs, figure: FigureName): Criterion {
  const own = slope(runs, MARGINAL.label, figure)
  const gentler = ARMS.filter(({ label }) => label !== MARGINAL.label).filter(({ label }) => {
    const other = slope(runs, label, figure)
    return meanInterval(own.map((value, seed) => value - (other[seed] ?? Number.NaN))).low > SLOPE_TOLERANCE
  })
  const { mean } = meanInterval(own)
  const others = gentler.map(
    ({ label }) => `${label} ${(1e3 * meanInterval(slope(runs, label, figure)).mean).toFixed(1)}`,
  )
  const found = `${(1e3 * mean).toFixed(1)}${others.length === 0 ? '' : `; gentler: ${others.join('; ')}`}`
  return { name, found, passed: gentler.length === 0 }
}

function ours(runs: Runs, sessions: number): ArmRuns {
  return armOf(runs, sessions, MARGINAL.label)
}

function armOf(runs: Runs, sessions: number, label: string): ArmRuns {
  const found = runs.get(sessions)?.get(label)
  if (found === undefined) throw new Error(`no runs of ${label} with ${sessions} sessions`)
  return found
}
