import { currentCommit } from '../current-commit.ts'
import { cpus, loadavg, release, totalmem } from 'node:os'
import { formatNumber, formatShare } from '../../src/report/format-number.ts'
import { renderText } from '../../src/report/table.ts'
import { STREAM_EVENTS } from './answers.ts'
import type { BenchCase } from './cases.ts'
import type { Figures, Round } from './measure.ts'
import { KVASIR_FLAGS } from './processes.ts'

/** What came of one case. */
export interface CaseResult {
  readonly bench: BenchCase
  readonly figures: Figures
}

/** Median of Kvasir's share of the bare relay's figure, and the lowest and highest of any round. */
export function shareOf({ kvasir, bare }: Figures): { median: number; low: number; high: number } {
  const shares = kvasir.map((one, round) => one.workPerSecond / (bare[round]?.workPerSecond ?? Number.NaN))
  return { median: median(shares), low: Math.min(...shares), high: Math.max(...shares) }
}

/** Whether a case's target is met. */
export function isMet({ bench, figures }: CaseResult): boolean {
  return shareOf(figures).median >= bench.target
}

/** The machine, the commit, the command and how the two relays were started. */
export function describeRun(args: readonly string[]): string {
  const found = cpus()
  const memory = `${(totalmem() / 2 ** 30).toFixed(1)} GiB`
  const load = loadavg()[0]?.toFixed(2)
  return [
    `machine  ${found[0]?.model.trim() ?? 'unknown CPU'}, ${found.length} cores, ${memory}, Linux ${release()}, load ${load}`,
    `node     ${process.version}`,
    `commit   ${currentCommit()}`,
    `command  ${['node scripts/bench-proxy.ts', ...args].join(' ')}`,
    `kvasir   node src/cli/main.ts start --endpoint UPSTREAM ${KVASIR_FLAGS.join(' ')}`,
    '         its log, at the default level, goes to a file: a line for each request is part of the cost',
    'bare     node scripts/bench-proxy/bare-relay.ts UPSTREAM: node:http + undici, reads no byte of a body',
    'CPU      user and system time of all threads of the relay, from /proc/PID/stat',
    '',
  ].join('\n')
}

/** The figures of all cases as a table. */
export function describeResults(results: readonly CaseResult[]): string {
  const head = [
    'case',
    'per CPU second',
    'kvasir',
    'bare',
    'µs kvasir',
    'µs bare',
    'share',
    'lowest',
    'highest',
    'target',
    '',
  ]
  const rows = results.map((result) => {
    const { bench, figures } = result
    const kvasir = median(figures.kvasir.map((round) => round.workPerSecond))
    const bare = median(figures.bare.map((round) => round.workPerSecond))
    const { median: share, low, high } = shareOf(figures)
    return [
      bench.title,
      bench.unit,
      ...[kvasir, bare, 1e6 / kvasir, 1e6 / bare].map(formatNumber),
      ...[share, low, high].map(formatShare),
      `>= ${bench.target * 100} %`,
      isMet(result) ? 'ok' : 'missed',
    ]
  })
  return renderText({ title: "Work per CPU second, and Kvasir's share of the bare relay's", rows: [head, ...rows] })
}

/** How far a stream's events were bundled on the way; where they often were, the machine is too busy to trust the figures. */
export function describeBundling({ figures }: CaseResult): string {
  const mean = (rounds: readonly Round[]): string =>
    (rounds.reduce((sum, { chunksPerAnswer }) => sum + chunksPerAnswer, 0) / rounds.length).toFixed(1)
  const came = `${mean(figures.kvasir)} through kvasir, ${mean(figures.bare)} through bare`
  return `Chunks in which the ${STREAM_EVENTS.length} events of a stream came in: ${came}`
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  const high = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? high : (high + (sorted[middle - 1] ?? high)) / 2
}
