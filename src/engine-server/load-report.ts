import type { IncomingMessage } from 'node:http'
import { LOAD_HEADER, LOAD_REQUEST_HEADER } from '../signals/load-header.ts'
import type { EngineRank } from './engine-rank.ts'
import type { Flavor } from './flavor.ts'

/** Routes of vLLM whose answers tell the load. */
const ROUTES = /^\/v1\/(?:chat\/)?completions(?:\?|$)/

/**
 * The header with the rank's load, where vLLM is asked for it (ORCA's convention; vllm-project/vllm#24905): in JSON or as
 * text, with the values of the moment when the answer's headers are written. Running requests are not told.
 */
export function loadHeader(
  flavor: Flavor,
  request: IncomingMessage,
  rank: EngineRank,
): (() => Readonly<Record<string, string>>) | undefined {
  if (flavor !== 'vllm' || !ROUTES.test(request.url ?? '')) return undefined
  const asked = request.headers[LOAD_REQUEST_HEADER.name]
  const format = typeof asked === 'string' ? asked.toUpperCase() : undefined
  if (format !== 'JSON' && format !== 'TEXT') return undefined
  return () => {
    const metrics = {
      kv_cache_usage_perc: rank.model.kvUsage,
      num_requests_waiting: rank.model.waiting,
    }
    const text = Object.entries(metrics).map(([name, value]) => `named_metrics.${name}=${value}`)
    const report = format === 'JSON' ? JSON.stringify({ named_metrics: metrics }) : text.join(', ')
    return { [LOAD_HEADER]: `${format} ${report}` }
  }
}
