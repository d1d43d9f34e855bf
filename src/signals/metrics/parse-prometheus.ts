import { parseLabels, skipBlanks } from './parse-labels.ts'
import type { MetricFamilies, Sample } from './sample.ts'

/** What stands where metrics were expected. */
export type NotMetrics = 'an empty body' | 'HTML' | 'JSON' | 'text that is no metrics'

export type ParsedPage =
  | {
      readonly families: MetricFamilies
      /** Lines of the wanted families that could not be read and were left out. */
      readonly malformed: number
    }
  | { readonly notMetrics: NotMetrics; readonly excerpt: string }

const NO_LABELS: ReadonlyMap<string, string> = new Map()
const NAME_START = /[A-Za-z_:]/
const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i
const SPECIAL = /^([+-]?)(?:(inf|infinity)|nan)$/i
const DESCRIPTION = /^#[ \t]+(?:HELP|TYPE|UNIT|EOF)\b/
const SPACE = 32
const TAB = 9
const BRACE = 123
const RETURN = 13
const EXCERPT = 80

/**
 * Reads the samples of the wanted families off a page in the Prometheus text format 0.0.4 or OpenMetrics 1.0; a name is
 * wanted as it stands on the line, so with its `_total`. Comments, timestamps and exemplars are passed over, and a line
 * that cannot be read is left out and counted. Never throws: a body that is no metrics page at all is named as what it is.
 * Lines of other families cost one look at their name, which is what makes pages of a thousand histogram buckets cheap.
 */
export function parsePrometheus(text: string, wanted: ReadonlySet<string>): ParsedPage {
  const otherKind = kindByFirst(text)
  if (otherKind !== undefined) return { notMetrics: otherKind, excerpt: excerptOf(text) }
  const page: Page = { families: new Map(), malformed: 0, recognised: false }
  let passed = '\n'
  for (let start = 0; start < text.length;) {
    const from = start
    const newline = text.indexOf('\n', from)
    const end = newline < 0 ? text.length : newline
    start = end + 1
    // The buckets of a histogram have one name after the other: no need to cut out and look up each.
    if (text.startsWith(passed, from) && endsName(text.charCodeAt(from + passed.length))) continue
    const name = text.slice(from, endOfName(text, from, end))
    if (!page.recognised || name === '' || wanted.has(name)) readLine(text.slice(from, end).trim(), wanted, page)
    else if (name !== '#') passed = name
  }
  if (!page.recognised) return { notMetrics: 'text that is no metrics', excerpt: excerptOf(text) }
  return { families: page.families, malformed: page.malformed }
}

interface Page {
  readonly families: Map<string, Sample[]>
  malformed: number
  /** True after the first line that no other kind of text has. */
  recognised: boolean
}

function readLine(line: string, wanted: ReadonlySet<string>, page: Page): void {
  if (line.startsWith('#')) {
    page.recognised ||= DESCRIPTION.test(line)
    return
  }
  const sample = parseSample(line)
  const name = nameOf(line)
  page.recognised ||= sample !== undefined
  if (!wanted.has(name)) return
  if (sample === undefined) page.malformed += 1
  else addSample(page.families, name, sample)
}

function addSample(families: Map<string, Sample[]>, name: string, sample: Sample): void {
  const samples = families.get(name)
  if (samples === undefined) families.set(name, [sample])
  else samples.push(sample)
}

function nameOf(line: string): string {
  return line.slice(0, endOfName(line, 0, line.length))
}

function endOfName(text: string, from: number, end: number): number {
  let at = from
  while (at < end && !endsName(text.charCodeAt(at))) at += 1
  return at
}

function endsName(code: number): boolean {
  return code === BRACE || code === SPACE || code === TAB || code === RETURN
}

/** The sample on a line without white space around it. */
function parseSample(line: string): Sample | undefined {
  if (!NAME_START.test(line[0] ?? '')) return undefined
  let at = skipBlanks(line, endOfName(line, 0, line.length))
  let labels = NO_LABELS
  if (line[at] === '{') {
    const parsed = parseLabels(line, at)
    if (parsed === undefined) return undefined
    labels = parsed.labels
    at = skipBlanks(line, parsed.next)
  }
  const value = parseValue(line.slice(at, endOfName(line, at, line.length)))
  return value === undefined ? undefined : { labels, value }
}

/** A number as the format writes it; `Number` alone would take an empty text for 0 and read hexadecimal. */
function parseValue(token: string): number | undefined {
  if (NUMBER.test(token)) return Number(token)
  const [special, sign, infinite] = SPECIAL.exec(token) ?? []
  if (special === undefined) return undefined
  if (infinite === undefined) return Number.NaN
  return sign === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY
}

/** What the first character alone gives away; a page of metrics begins with a name or a comment. */
function kindByFirst(text: string): NotMetrics | undefined {
  const [first] = text.trimStart()
  if (first === undefined) return 'an empty body'
  if (first === '<') return 'HTML'
  return first === '{' || first === '[' || first === '"' ? 'JSON' : undefined
}

function excerptOf(text: string): string {
  const line = text
    .slice(0, 4 * EXCERPT)
    .replaceAll(/\s+/g, ' ')
    .trim()
  return line.length > EXCERPT ? `${line.slice(0, EXCERPT)}...` : line
}
