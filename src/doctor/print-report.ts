import { engineTable } from '../signals/metrics/engine-tables.ts'
import { formatCount } from '../report/format-number.ts'
import { renderText } from '../report/table.ts'
import type { EndpointReport } from './examine-endpoint.ts'
import type { Finding, Level } from './finding.ts'
import type { DoctorReport } from './run-doctor.ts'

/** How a report is printed. */
export interface PrintOptions {
  readonly colours: boolean
  /** Characters in a line. */
  readonly width: number
}

const LEVEL_WIDTH = 7
const TITLE_WIDTH = 12
const INDENT = 2
const GAP = 2
const TEXT_AT = INDENT + LEVEL_WIDTH + GAP + TITLE_WIDTH + GAP
const NARROWEST = 40

const COLOURS: Readonly<Record<Level | 'bold' | 'dim', string>> = {
  ok: '32',
  note: '33',
  problem: '1;31',
  bold: '1',
  dim: '36',
}

/** The report for people: each endpoint's findings, the endpoints side by side, and what it comes to. */
export function printReport(report: DoctorReport, options: PrintOptions): string {
  const blocks = report.endpoints.map((endpoint) => endpointBlock(endpoint, options))
  const known = report.endpoints.filter(({ facts }) => facts.engine !== undefined)
  if (known.length > 1) blocks.push(sideBySide(known), comparisonBlock(report.comparison, options))
  blocks.push(`${summary(report, options)}\n`)
  return blocks.join('\n')
}

function endpointBlock({ url, facts, checks }: EndpointReport, options: PrintOptions): string {
  const title = facts.engine === undefined ? undefined : engineTable(facts.engine).title
  const head = [url, title, facts.version, facts.askModel ?? facts.models?.[0]].filter((part) => part !== undefined)
  const lines = checks.flatMap(({ title, findings }) =>
    findings.flatMap((finding, i) => findingLines(finding, i === 0 ? title : '', options)),
  )
  return `${[paint(head.join('  '), 'bold', options), '', ...lines].join('\n')}\n`
}

function comparisonBlock(comparison: readonly Finding[], options: PrintOptions): string {
  if (comparison.length === 0) return `${paint('nothing among them gets in the way of routing', 'ok', options)}\n`
  return `${comparison.flatMap((finding) => findingLines(finding, 'together', options)).join('\n')}\n`
}

function findingLines({ level, text, advice }: Finding, title: string, options: PrintOptions): string[] {
  const width = Math.max(NARROWEST, options.width - TEXT_AT)
  const [first = '', ...rest] = wrap(text, width)
  const head = `${' '.repeat(INDENT)}${paint(level.padEnd(LEVEL_WIDTH), level, options)}${' '.repeat(GAP)}${title.padEnd(TITLE_WIDTH)}`
  const below = ' '.repeat(TEXT_AT)
  const lines = [`${head}${' '.repeat(GAP)}${first}`, ...rest.map((line) => below + line)]
  if (advice === undefined) return lines
  const wrapped = wrap(advice, width - 2)
  return [...lines, ...wrapped.map((line, i) => `${below}${paint(`${i === 0 ? '→ ' : '  '}${line}`, 'dim', options)}`)]
}

/** Lines of at most so many characters, broken at spaces; a word that is longer stays whole, to be copied. */
function wrap(text: string, width: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, line]
}

function sideBySide(endpoints: readonly EndpointReport[]): string {
  const rows = ROWS.map(([name, cell]) => [name, ...endpoints.map((endpoint) => cell(endpoint) ?? '-')])
  const told = rows.filter((row) => row.slice(1).some((cell) => cell !== '-'))
  return renderText({ title: 'side by side', rows: [['', ...endpoints.map(({ url }) => new URL(url).host)], ...told] })
}

type Row = readonly [string, (report: EndpointReport) => string | undefined]

const ROWS: readonly Row[] = [
  ['engine', ({ facts: { engine } }) => (engine === undefined ? undefined : engineTable(engine).title)],
  ['version', ({ facts }) => facts.version],
  ['model', ({ facts }) => facts.models?.join(' ')],
  ['context tokens', ({ facts }) => whole(facts.contextTokens)],
  ['KV tokens', ({ facts }) => whole(facts.kvCapacityTokens)],
  ['block tokens', ({ facts }) => whole(facts.blockSize)],
  ['prefix caching', ({ facts: { prefixCaching } }) => yes(prefixCaching, 'on', 'off')],
  ['cached tokens', ({ facts }) => yes(facts.cachedTokensReported, 'reported', 'not reported')],
  ['KV events', ({ facts }) => yes(facts.kvEventsArrive, 'arrive', 'do not arrive')],
  ['first block', ({ facts: { firstBlockHash } }) => firstBlockHash?.slice(-8)],
  ['problems', (report) => String(countOf(report, 'problem'))],
]

function whole(value: number | undefined): string | undefined {
  return value === undefined ? undefined : formatCount(value)
}

function yes(value: boolean | undefined, on: string, off: string): string | undefined {
  return value === undefined ? undefined : value ? on : off
}

function countOf({ checks }: EndpointReport, wanted: Level): number {
  return checks.flatMap(({ findings }) => findings).filter(({ level }) => level === wanted).length
}

function summary({ endpoints, counts, seconds }: DoctorReport, options: PrintOptions): string {
  const many = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`
  const head = `${many(endpoints.length, 'endpoint')} in ${seconds.toFixed(1)} s`
  const level = counts.problem > 0 ? 'problem' : 'ok'
  const found = counts.problem > 0 ? many(counts.problem, 'problem') : 'no problems'
  return `${head}: ${paint(found, level, options)}, ${many(counts.note, 'note')}, ${counts.ok} ok`
}

function paint(text: string, colour: keyof typeof COLOURS, { colours }: PrintOptions): string {
  return colours ? `\u001b[${COLOURS[colour]}m${text}\u001b[0m` : text
}
