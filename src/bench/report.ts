import { statisticNames } from '../stats/summary.ts'
import { formatCount, formatNumber, formatShare } from '../report/format-number.ts'
import type { BenchResult, TimingSummary } from './result-schema.ts'
import { timingNames } from './seed-figures.ts'
import { shellCommand } from '../report/shell-command.ts'
import { renderMarkdown, renderText } from '../report/table.ts'
import type { Table } from '../report/table.ts'

/** The tables of one result. */
function resultTables(result: BenchResult): Table[] {
  const tables = [timingTable(result), totalsTable(result)]
  if (Object.keys(result.summary.endpoints).length > 0) tables.push(endpointTable(result))
  if (result.summary.requests.failed > 0) tables.push(errorTable(result))
  return tables
}

/** The result for a terminal. */
export function reportText(result: BenchResult): string {
  return `\n${describeRun(result).join('\n')}\n\n${resultTables(result).map(renderText).join('\n')}`
}

/** The result as a Markdown page. */
export function reportMarkdown(result: BenchResult): string {
  const facts = describeRun(result).map((line) => `- ${line}`)
  return [
    `# Load test: ${result.label}`,
    '',
    '```sh',
    commandLine(result),
    '```',
    '',
    `- ${environmentLine(result)}`,
    ...facts,
    '',
    ...resultTables(result).map(renderMarkdown),
    '',
  ]
    .join('\n')
    .replace(/\n+$/, '\n')
}

/** The command that made a result. */
export function commandLine(result: BenchResult): string {
  return shellCommand(['kvasir', 'bench', ...result.command])
}

/** The machine of the load generator in a line. */
export function environmentLine(result: BenchResult): string {
  const { cpu, cores, node } = result.environment
  return `load generator on ${cpu}, ${cores} cores, Node ${node}`
}

function describeRun(result: BenchResult): string[] {
  const { workload, target, timeScale } = result
  const lines = [
    `${result.label}: ${target.url}, model ${target.model}, ${target.route} route`,
    `workload ${workload.name} (${workload.source}), ${describePacing(result)}, ${formatCount(workload.requests)} requests in ` +
      `${formatCount(workload.sessions)} sessions, seeds ${result.runs.map((run) => run.seed).join(', ')}`,
  ]
  if (workload.speed !== 1) lines.push(`recorded times divided by ${workload.speed}`)
  if (timeScale !== 1) {
    lines.push(
      `time scale ${timeScale}: a wall second counts as ${timeScale} engine seconds, in which all times and rates are given`,
    )
  }
  if (!workload.salted) lines.push('seeds share their texts: from the second seed on caches are warm')
  if (result.runs.some((run) => run.interrupted)) lines.push('ended early: figures cover what was answered until then')
  return [...lines, ...workload.notes]
}

function describePacing(result: BenchResult): string {
  const { pacing, concurrency, jitter } = result.workload
  const spread = jitter > 0 ? `, starts spread over ${jitter} s` : ''
  if (pacing === 'closed') return `closed loop with ${concurrency ?? '?'} sessions at once`
  return (pacing === 'open' ? 'open loop at recorded times' : 'sessions open on time, turns follow answers') + spread
}

const titles = { ttft: 'TTFT', tpot: 'TPOT', e2e: 'E2E' } as const

function timingTable(result: BenchResult): Table {
  const rows: string[][] = [['', ...statisticNames]]
  for (const name of timingNames) {
    const timing = result.summary[name]
    if (timing === null) rows.push([titles[name], ...statisticNames.map(() => '-')])
    else rows.push(...timingRows(titles[name], timing))
  }
  return { title: 'Times', rows }
}

/** A row of figures, and under it the intervals over requests and, with several seeds, over seeds. */
function timingRows(title: string, timing: TimingSummary): string[][] {
  const [unit, factor] = timing.p50.value < 1 ? (['ms', 1000] as const) : (['s', 1] as const)
  const figure = (value: number) => formatNumber(value * factor)
  const range = (pair: readonly [number, number] | null) =>
    pair === null ? '-' : `[${figure(pair[0])}, ${figure(pair[1])}]`
  const rows = [
    [`${title} (${unit})`, ...statisticNames.map((name) => figure(timing[name].value))],
    ['  95 % over requests', ...statisticNames.map((name) => range(timing[name].requests))],
  ]
  if (timing.mean.seeds !== null) {
    rows.push(['  95 % over seeds', ...statisticNames.map((name) => range(timing[name].seeds))])
  }
  return rows
}

function totalsTable(result: BenchResult): Table {
  const { summary, workload } = result
  const cpu = result.runs.reduce((sum, run) => sum + run.clientCpuSeconds, 0)
  const seconds = result.runs.reduce((sum, run) => sum + run.seconds, 0)
  const rows = [
    ['', 'value'],
    ['answered', formatCount(summary.requests.ok)],
    ['failed', formatCount(summary.requests.failed)],
    ['sent to warm up', formatCount(summary.requests.warmup)],
    ['duration (s)', formatNumber(seconds)],
    ['requests/s', formatNumber(summary.requestsPerSecond)],
    ['output tokens/s', formatNumber(summary.outputTokensPerSecond)],
    ['prompt tokens', formatNumber(summary.promptTokens)],
    ['output tokens', formatNumber(summary.outputTokens)],
    ['cached share', formatShare(summary.cachedShare)],
    ['cached share, endless cache', formatShare(workload.idealCachedShare)],
    ['busiest endpoint', formatShare(summary.busiestShare)],
    ...summary.goodput.map((good) => [
      `within TTFT ${good.ttft} s and TPOT ${good.tpot * 1000} ms`,
      formatShare(good.share),
    ]),
    ['client late, p99 (ms)', formatNumber(summary.lagP99 * 1000)],
    ['client CPU (s)', formatNumber(cpu)],
  ]
  return { title: 'Totals', rows }
}

function endpointTable(result: BenchResult): Table {
  const counts = Object.entries(result.summary.endpoints)
  const total = counts.reduce((sum, [, count]) => sum + count, 0)
  const rows = counts.map(([endpoint, count]) => [endpoint, formatCount(count), formatShare(count / total)])
  return { title: 'Endpoints', rows: [['endpoint', 'requests', 'share'], ...rows] }
}

function errorTable(result: BenchResult): Table {
  const rows = Object.entries(result.summary.errors).map(([kind, count]) => [kind, formatCount(count)])
  return { title: 'Errors', rows: [['kind', 'requests'], ...rows] }
}
