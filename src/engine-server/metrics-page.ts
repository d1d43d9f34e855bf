import type { EngineModel } from '../engine/engine-model.ts'
import type { EngineTimings } from './engine-timings.ts'
import type { Generation } from './generation.ts'

/** Media type of the Prometheus text format. */
export const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8'

/** The engine's metrics under vLLM's names (release 0.30), in the Prometheus text format. */
export function metricsPage(model: EngineModel<Generation>, timings: EngineTimings, modelName: string): string {
  const labels = `engine="0",model_name="${escaped(modelName)}"`
  const { counters, cache, profile } = model
  const gauge = (name: string, help: string, value: number): string =>
    `${head(name, help, 'gauge')}vllm:${name}{${labels}} ${value}\n`
  const counter = (name: string, help: string, value: number): string =>
    `${head(`${name}_total`, help, 'counter')}vllm:${name}_total{${labels}} ${value}\n`
  return [
    gauge('num_requests_running', 'Number of requests in model execution batches.', model.running),
    gauge('num_requests_waiting', 'Number of requests waiting to be processed.', model.waiting),
    gauge('kv_cache_usage_perc', 'KV-cache usage. 1 means 100 percent usage.', model.kvUsage),
    head('cache_config_info', 'Information of the LLMEngine CacheConfig', 'gauge'),
    `vllm:cache_config_info{block_size="${profile.blockSize}",enable_prefix_caching="True",engine="0",`,
    `num_gpu_blocks="${cache.blocks}"} 1\n`,
    counter('prefix_cache_queries', 'Prefix cache queries, in tokens.', counters.prefixCacheQueries),
    counter('prefix_cache_hits', 'Prefix cache hits, in tokens.', counters.prefixCacheHits),
    counter('num_preemptions', 'Cumulative number of preemptions.', counters.preemptions),
    counter('prompt_tokens', 'Number of prefill tokens processed.', counters.promptTokens),
    counter('generation_tokens', 'Number of generation tokens processed.', counters.generationTokens),
    successLines(timings, labels),
    head('admission_rejections_total', 'Requests refused because the queue was full.', 'counter'),
    `vllm:admission_rejections_total{model_name="${escaped(modelName)}",reason="max_num_queued_reqs"} `,
    `${timings.rejections}\n`,
    head('time_to_first_token_seconds', 'Histogram of time to first token in seconds.', 'histogram'),
    timings.firstToken.lines('vllm:time_to_first_token_seconds', labels),
    head('inter_token_latency_seconds', 'Histogram of inter-token latency in seconds.', 'histogram'),
    timings.interToken.lines('vllm:inter_token_latency_seconds', labels),
    head('e2e_request_latency_seconds', 'Histogram of e2e request latency in seconds.', 'histogram'),
    timings.endToEnd.lines('vllm:e2e_request_latency_seconds', labels),
    head('request_queue_time_seconds', 'Histogram of time spent in WAITING phase for request.', 'histogram'),
    timings.queue.lines('vllm:request_queue_time_seconds', labels),
  ].join('')
}

function successLines({ success }: EngineTimings, labels: string): string {
  const lines = Object.entries(success).map(
    ([reason, count]) => `vllm:request_success_total{${labels},finished_reason="${reason}"} ${count}\n`,
  )
  return head('request_success_total', 'Count of successfully processed requests.', 'counter') + lines.join('')
}

function head(name: string, help: string, type: string): string {
  return `# HELP vllm:${name} ${help}\n# TYPE vllm:${name} ${type}\n`
}

function escaped(label: string): string {
  return label.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
}
