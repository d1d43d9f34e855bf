/** Asks an engine that can (vLLM since vllm-project/vllm#24905, Triton) to put its load into the answer's headers. */
export const LOAD_REQUEST_HEADER = { name: 'endpoint-load-metrics-format', value: 'json' } as const
/** Where the load stands in the answer. */
export const LOAD_HEADER = 'endpoint-load-metrics'

/** What an answer's header says of its engine's load; undefined is unknown, never zero. */
export interface LoadReport {
  readonly waiting: number | undefined
  readonly running: number | undefined
  /** Share of the KV cache that running requests hold, 0 to 1. */
  readonly kvUsage: number | undefined
}

/** Longer headers are not looked at: a report is some hundred bytes. */
const LONGEST = 8192
type Field = keyof LoadReport
type Metrics = Readonly<Record<string, unknown>>
const FIELDS: ReadonlyMap<string, Field> = new Map<string, Field>([
  ['num_requests_waiting', 'waiting'],
  ['num_requests_running', 'running'],
  ['kv_cache_usage_perc', 'kvUsage'],
  ['kv_cache_utilization', 'kvUsage'],
])
/** Engines may report under the names of their metrics page. */
const PREFIX = /^(?:vllm|sglang|trtllm)[:_]/
const NAMED = 'named_metrics.'

/**
 * The load in an `endpoint-load-metrics` header, by the ORCA convention: `JSON {"named_metrics": {...}}` or
 * `TEXT named_metrics.name=value, ...`. All of it is unknown where the header tells other metrics only. Undefined when
 * it is no such header: binary, too long, broken, or with values that a load cannot have.
 *
 * vLLM reports waiting requests and KV usage. The values are those of the moment the answer's headers were made: before
 * the first token of a stream, but after the whole generation of a plain answer. With several data-parallel ranks behind
 * one port they are the values of one of them.
 */
export function parseLoadHeader(header: string | undefined): LoadReport | undefined {
  if (header === undefined || header.length > LONGEST) return undefined
  const text = header.trim()
  const metrics = metricsIn(text.slice(0, 4).toUpperCase(), text.slice(4))
  return metrics === undefined ? undefined : loadIn(metrics)
}

function metricsIn(format: string, text: string): Metrics | undefined {
  if (format === 'JSON') return jsonMetrics(text)
  return format === 'TEXT' ? textMetrics(text) : undefined
}

/** Undefined when what tells the load tells nothing that a load can be. */
function loadIn(metrics: Metrics): LoadReport | undefined {
  const load: Record<Field, number | undefined> = { waiting: undefined, running: undefined, kvUsage: undefined }
  let told = 0
  let right = 0
  for (const name of Object.keys(metrics)) {
    const field = FIELDS.get(name) ?? FIELDS.get(name.replace(PREFIX, ''))
    if (field === undefined) continue
    const value = metrics[name]
    told += 1
    if (!isWithin(value, field === 'kvUsage' ? 1 : Number.MAX_SAFE_INTEGER)) continue
    load[field] ??= value
    right += 1
  }
  return told > 0 && right === 0 ? undefined : load
}

function isWithin(value: unknown, most: number): value is number {
  return typeof value === 'number' && value >= 0 && value <= most
}

/** Looked at by hand: there is one such header with every answer. */
function jsonMetrics(text: string): Metrics | undefined {
  try {
    const report: unknown = JSON.parse(text)
    if (typeof report !== 'object' || report === null || !('named_metrics' in report)) return undefined
    const { named_metrics: metrics } = report
    return isRecord(metrics) ? metrics : undefined
  } catch {
    return undefined
  }
}

function isRecord(value: unknown): value is Metrics {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Metrics that are not named (`cpu_utilization=0.3`) are the machine's. Undefined when nothing is a pair. */
function textMetrics(text: string): Metrics | undefined {
  const metrics: Record<string, unknown> = {}
  let pairs = 0
  for (const pair of text.split(',')) {
    const equals = pair.indexOf('=')
    if (equals < 0) continue
    pairs += 1
    const name = pair.slice(0, equals).trim()
    const value = pair.slice(equals + 1).trim()
    if (name.startsWith(NAMED)) metrics[name.slice(NAMED.length)] = value === '' ? undefined : Number(value)
  }
  return pairs === 0 ? undefined : metrics
}
