import type { IncomingMessage } from 'node:http'
import { LOAD_HEADER, LOAD_REQUEST_HEADER } from '../signals/load-header.ts'
import type { EngineRank } from './engine-rank.ts'

/**
 * The header with the rank's load, where the request asks for it (ORCA's convention; vllm-project/vllm#24905): in JSON or
 * as text, with the values of the moment when the answer's headers are written.
 */
export function loadHeader(
  request: IncomingMessage,
  rank: EngineRank,
): (() => Readonly<Record<string, string>>) | undefined {
  const asked = request.headers[LOAD_REQUEST_HEADER.name]
  const format = typeof asked === 'string' ? asked.toUpperCase() : undefined
  if (format !== 'JSON' && format !== 'TEXT') return undefined
  return () => {
    const metrics = {
      kv_cache_usage_perc: rank.model.kvUsage,
      num_requests_waiting: rank.model.waiting,
      num_requests_running: rank.model.running,
    }
    const text = Object.entries(metrics).map(([name, value]) => `named_metrics.${name}=${value}`)
    const report = format === 'JSON' ? JSON.stringify({ named_metrics: metrics }) : text.join(', ')
    return { [LOAD_HEADER]: `${format} ${report}` }
  }
}
