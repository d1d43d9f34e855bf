import { z } from 'zod'
import type { EngineReading } from './metrics/engine-reading.ts'

/** Asks an engine that can (vLLM since vllm-project/vllm#24905, Triton) to put its load into the answer's headers. */
export const LOAD_REQUEST_HEADER = { name: 'endpoint-load-metrics-format', value: 'json' } as const
/** Where the load stands in the answer. */
export const LOAD_HEADER = 'endpoint-load-metrics'

/** Longer headers are not looked at: a report is some hundred bytes. */
const LONGEST = 8192
const WAITING = ['num_requests_waiting']
const RUNNING = ['num_requests_running']
const KV_USAGE = ['kv_cache_usage_perc', 'kv_cache_utilization']
/** Engines may report under the names of their metrics page. */
const PREFIX = /^(?:vllm|sglang|trtllm)[:_]/

const report = z.object({ named_metrics: z.record(z.string(), z.unknown()) })

/**
 * The load in an `endpoint-load-metrics` header, by the ORCA convention: `JSON {"named_metrics": {...}}` or
 * `TEXT named_metrics.name=value, ...`. Undefined when the header holds no load that is known, is binary or broken.
 *
 * vLLM reports waiting requests and KV usage. The values are those of the moment the answer's headers were made: before
 * the first token of a stream, but after the whole generation of a plain answer. With several data-parallel ranks behind
 * one port they are the values of one of them.
 */
export function parseLoadHeader(header: string | undefined): Partial<EngineReading> | undefined {
  if (header === undefined || header.length > LONGEST) return undefined
  const text = header.trim()
  const format = text.slice(0, 4).toUpperCase()
  if (format !== 'JSON' && format !== 'TEXT') return undefined
  const metrics = format === 'JSON' ? jsonMetrics(text.slice(4)) : textMetrics(text.slice(4))
  const usage = valueOf(metrics, KV_USAGE)
  const load = {
    waiting: valueOf(metrics, WAITING),
    running: valueOf(metrics, RUNNING),
    kvUsage: usage !== undefined && usage <= 1 ? usage : undefined,
  }
  return Object.values(load).every((value) => value === undefined) ? undefined : load
}

function valueOf(metrics: ReadonlyMap<string, unknown>, names: readonly string[]): number | undefined {
  for (const name of names) {
    const value = metrics.get(name)
    if (typeof value === 'number' && Number.isFinite(value) && value >= 0) return value
  }
  return undefined
}

function jsonMetrics(text: string): Map<string, unknown> {
  try {
    const { data } = report.safeParse(JSON.parse(text))
    return new Map(Object.entries(data?.named_metrics ?? {}).map(([name, value]) => [name.replace(PREFIX, ''), value]))
  } catch {
    return new Map()
  }
}

function textMetrics(text: string): Map<string, unknown> {
  const metrics = new Map<string, unknown>()
  for (const pair of text.split(',')) {
    const equals = pair.indexOf('=')
    const name = pair.slice(0, equals).trim()
    const value = pair.slice(equals + 1).trim()
    if (equals < 0 || value === '' || !name.startsWith('named_metrics.')) continue
    metrics.set(name.slice('named_metrics.'.length).replace(PREFIX, ''), Number(value))
  }
  return metrics
}
