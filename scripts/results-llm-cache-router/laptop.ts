import type { EngineProfile } from '../../src/engine/profile.ts'
import { markdownTable } from '../results/table.ts'
import type { Section } from './cloud.ts'
import { dominated, lower, meanOf, noWorse } from './criteria.ts'
import type { Criterion } from './criteria.ts'
import { LOCAL } from './published.ts'
import { BASELINES, MARGINAL, prefixAware, runCell } from './runs.ts'
import type { Arm } from '../../src/sim/arms.ts'
import type { ArmRuns, Cell, FigureName } from './runs.ts'
import { cell, PER_CENT, publishedCell, SECONDS } from './tables.ts'
import type { Shown } from './tables.ts'

/** Tokens of KV cache that a slot of llama-server is given. */
const SLOT_TOKENS = 4096
const SLOTS = 2
const VALVE = prefixAware(8)
const POLICIES = [...BASELINES, VALVE, MARGINAL]

/**
 * llama-server on an M1 Pro with two slots. Prefill time is proportional to tokens (compute bound); a decode step takes
 * mostly as long as the weights take to read, whatever the batch. llama.cpp reuses prompts to the token, so a block is one.
 */
function llamaCpp(name: string, prefillRate: number, decodeRate: number): EngineProfile {
  const step = 1 / decodeRate
  return {
    name,
    rates: {
      prefillBase: 0,
      prefillPerToken: 1 / prefillRate,
      prefillPerPair: 0,
      decodeBase: 0.84 * step,
      decodePerSequence: 0.12 * step,
      decodePerKvToken: 0,
      overhead: 0.04 * step,
    },
    kvTokens: SLOTS * SLOT_TOKENS,
    blockSize: 1,
    maxBatchedTokens: 2048,
    maxSequences: SLOTS,
  }
}

const LARGER = llamaCpp('qwen2.5-1.5b-q4-m1', 145, 40)
const SMALLER = llamaCpp('qwen2.5-0.5b-q4-m1', 400, 100)
const PROMPT = { systemChars: 2048, codeChars: 0, maxTokens: 8 }

const COLUMNS: readonly (readonly [
  title: string,
  figure: FigureName,
  shown: Shown,
  published?: 'p50' | 'p95' | 'cached' | 'rate',
])[] = [
  ['cached %', 'cached', PER_CENT, 'cached'],
  ['answer p50 s', 'e2eP50', SECONDS, 'p50'],
  ['answer p95 s', 'e2eP95', SECONDS, 'p95'],
  ['req/s', 'rate', SECONDS, 'rate'],
  ['TTFT p50 s', 'ttftP50', SECONDS],
  ['TTFT p95 s', 'ttftP95', SECONDS],
  ['busiest %', 'busiest', PER_CENT],
]

/** Runs a cell and tabulates it beside what was published of it. */
function tabulate(setting: Cell, arms: readonly Arm[], seeds: number, published: keyof typeof LOCAL) {
  const runs = runCell(setting, arms, seeds)
  const head = COLUMNS.flatMap(([title, , , theirs]) => (theirs === undefined ? [title] : [title, 'published']))
  const rows = runs.map((arm) => [
    arm.label,
    ...COLUMNS.flatMap(([, figure, shown, theirs]) =>
      theirs === undefined
        ? [cell(arm, figure, shown)]
        : [cell(arm, figure, shown), publishedCell(LOCAL[published][arm.label]?.[theirs], shown)],
    ),
  ])
  const byLabel = (label: string): ArmRuns => {
    const found = runs.find((arm) => arm.label === label)
    if (found === undefined) throw new Error(`no runs of ${label}`)
    return found
  }
  const evicted = runs.reduce((sum, { evictedBlocks }) => sum + evictedBlocks, 0)
  const table = [...markdownTable(['policy', ...head], rows), '', `Tokens evicted in all runs together: ${evicted}.`]
  return { runs, byLabel, table }
}

/** Three endpoints, 6 sessions of 3 turns. */
export function laptopTable(seeds: number): Section {
  const setting = { profile: LARGER, endpoints: 3, shape: { ...PROMPT, sessions: 6, turns: 3 } }
  const { byLabel, table } = tabulate(setting, POLICIES, seeds, 'laptop')
  const ours = byLabel(MARGINAL.label)
  const theirs = byLabel(VALVE.label)
  return {
    lines: table,
    criteria: [
      ordering(byLabel),
      lower("laptop: TTFT p50 / prefix-aware's, to be below 1", theirs, ours, 'ttftP50'),
      lower("laptop: whole answer p50 / prefix-aware's, to be below 1", theirs, ours, 'e2eP50'),
      noWorse("laptop: TTFT p95 / prefix-aware's", theirs, ours, 'ttftP95', 'lower'),
      noWorse("laptop: whole answer p95 / prefix-aware's", theirs, ours, 'e2eP95', 'lower'),
    ],
  }
}

/** Published: round robin, then least-loaded and random within each other's error, then prefix-aware. */
function ordering(byLabel: (label: string) => ArmRuns): Criterion {
  const share = (label: string) => 100 * meanOf(byLabel(label).figures.cached)
  const [robin, random, least, prefix] = ['round-robin', 'random', 'least-loaded', VALVE.label].map(share)
  const between = Math.min(random ?? Number.NaN, least ?? Number.NaN)
  const above = Math.max(random ?? Number.NaN, least ?? Number.NaN)
  return {
    name: 'laptop: cached share ordered as published (round-robin, then random and least-loaded, then prefix-aware)',
    found: [robin, random, least, prefix].map((value) => value?.toFixed(1)).join(' / '),
    passed: (robin ?? Number.NaN) <= between && above < (prefix ?? Number.NaN),
  }
}

/** The valve of the prefix-aware policy, 12 sessions of 3 turns. */
export function valveTable(seeds: number): Section {
  const setting = { profile: LARGER, endpoints: 3, shape: { ...PROMPT, sessions: 12, turns: 3 } }
  const arms = [...[1, 2, 4, 8, 16, 0].map(prefixAware), MARGINAL, ...BASELINES.slice(2)]
  const { runs, byLabel, table } = tabulate(setting, arms, seeds, 'valve')
  const dominators = (arm: ArmRuns) => runs.filter((by) => by !== arm && dominated(arm, by)).map(({ label }) => label)
  const rows = runs.map((arm) => {
    const behind = dominators(arm)
    return [arm.label, ...routes(arm, seeds), behind.length === 0 ? 'yes' : `no: behind ${behind.join('; ')}`]
  })
  const behind = dominators(byLabel(MARGINAL.label))
  return {
    lines: [
      ...table,
      '',
      'Decisions per run, and whether the policy is on the Pareto front of p50, p95 (both of the whole answer) and requests per second:',
      '',
      ...markdownTable(['policy', 'pinned', 'spilled', 'fallback', 'on the front'], rows),
    ],
    criteria: [
      {
        name: 'valve: marginal-cost on the Pareto front of p50, p95 and requests per second',
        found: behind.length === 0 ? 'nothing is ahead of it' : `behind ${behind.join('; ')}`,
        passed: behind.length === 0,
      },
    ],
  }
}

/** Decisions per run that went to the longest prefix, to another that has some, and to the least loaded. */
function routes({ reasons }: ArmRuns, seeds: number): string[] {
  if (!reasons.has('fallback-least-loaded')) return ['', '', '']
  const perRun = (names: readonly string[]) =>
    (names.reduce((sum, name) => sum + (reasons.get(name) ?? 0), 0) / seeds).toFixed(1)
  return [
    perRun(['longest-prefix']),
    perRun(['spilled-from-saturated']),
    perRun(['fallback-least-loaded', 'spilled-fallback-least-loaded']),
  ]
}

/** Loads in which knowing the prefix helps little. */
export function controlTables(seeds: number): Section {
  const saturation = { profile: LARGER, endpoints: 2, shape: { ...PROMPT, sessions: 50, turns: 4 } }
  const small = { profile: SMALLER, endpoints: 2, shape: { ...PROMPT, sessions: 4, turns: 4 } }
  const full = tabulate(saturation, POLICIES, seeds, 'saturation')
  const little = tabulate(small, POLICIES, seeds, 'small')
  return {
    lines: [
      'Saturation: 50 sessions of 4 turns on two endpoints.',
      '',
      ...full.table,
      '',
      'Small model: 4 sessions of 4 turns on two endpoints (400 tok/s prefill, 100 tok/s decode, inferred from the published times).',
      '',
      ...little.table,
    ],
    criteria: [...degrades('saturation', full.byLabel), ...degrades('small model', little.byLabel)],
  }
}

/** Where prefixes give little, the default is no worse than least-loaded. */
function degrades(name: string, byLabel: (label: string) => ArmRuns): Criterion[] {
  const base = byLabel('least-loaded')
  const ours = byLabel(MARGINAL.label)
  return [
    noWorse(`${name}: TTFT p50 / least-loaded's`, base, ours, 'ttftP50', 'lower'),
    noWorse(`${name}: whole answer p50 / least-loaded's`, base, ours, 'e2eP50', 'lower'),
    noWorse(`${name}: whole answer p95 / least-loaded's`, base, ours, 'e2eP95', 'lower'),
    noWorse(`${name}: requests per second / least-loaded's`, base, ours, 'rate', 'higher'),
  ]
}
