import type { EngineContext } from '../engine-context.ts'
import type { EngineRank } from '../engine-rank.ts'
import type { HistogramFamily, LabelledValue } from './page-writer.ts'
import { PageWriter, escapeLabel } from './page-writer.ts'
import type { RankFamily } from './rank-values.ts'
import { RANK_VALUES, sumOver } from './rank-values.ts'

/**
 * The engine's metrics under vLLM's names (release 0.30), a series for each data-parallel rank; `old` has the names before
 * 0.9, where no label tells the rank as long as there is only one.
 */
export function vllmPage(context: EngineContext, old: boolean): string {
  const { ranks, options } = context
  const name = escapeLabel(options.model)
  const hasEngine = !old || ranks.length > 1
  const labelsOf = ({ index }: EngineRank): string => `${hasEngine ? `engine="${index}",` : ''}model_name="${name}"`
  const page = new PageWriter('vllm:', labelsOf)
  page.families('gauge', GAUGES, ranks)
  const usage = old ? 'gpu_cache_usage_perc' : 'kv_cache_usage_perc'
  page.families('gauge', [[usage, 'KV-cache usage. 1 means 100 percent usage.', RANK_VALUES.kvUsage]], ranks)
  const configs = ranks.map((rank) => cacheConfig(rank, hasEngine))
  page.family('gauge', 'cache_config_info', 'Information of the LLMEngine CacheConfig', configs)
  const cacheCounters = CACHE_COUNTERS.map(([counter, ...rest]): RankFamily => [(old ? 'gpu_' : '') + counter, ...rest])
  page.families('counter', [...cacheCounters, ...COUNTERS], ranks)
  outcomes(page, ranks, labelsOf, name)
  const [token, ...others] = HISTOGRAMS
  page.histograms([old ? OLD_TOKEN_HISTOGRAM : token, ...others], ranks)
  adapters(page, context)
  return page.text
}

const GAUGES: readonly RankFamily[] = [
  ['num_requests_running', 'Number of requests in model execution batches.', RANK_VALUES.running],
  ['num_requests_waiting', 'Number of requests waiting to be processed.', RANK_VALUES.waiting],
]

const CACHE_COUNTERS: readonly RankFamily[] = [
  ['prefix_cache_queries_total', 'Prefix cache queries, in tokens.', RANK_VALUES.queriedTokens],
  ['prefix_cache_hits_total', 'Prefix cache hits, in tokens.', RANK_VALUES.hitTokens],
]

const COUNTERS: readonly RankFamily[] = [
  ['num_preemptions_total', 'Cumulative number of preemptions.', RANK_VALUES.preemptions],
  ['prompt_tokens_total', 'Number of prefill tokens processed.', RANK_VALUES.promptTokens],
  ['generation_tokens_total', 'Number of generation tokens processed.', RANK_VALUES.generationTokens],
]

const HISTOGRAMS: readonly [HistogramFamily, ...HistogramFamily[]] = [
  ['inter_token_latency_seconds', 'Histogram of inter-token latency in seconds.', 'interToken'],
  ['time_to_first_token_seconds', 'Histogram of time to first token in seconds.', 'firstToken'],
  ['e2e_request_latency_seconds', 'Histogram of e2e request latency in seconds.', 'endToEnd'],
  ['request_queue_time_seconds', 'Histogram of time spent in WAITING phase for request.', 'queue'],
]

const OLD_TOKEN_HISTOGRAM: HistogramFamily = [
  'time_per_output_token_seconds',
  'Histogram of time per output token in seconds.',
  'interToken',
]

function cacheConfig({ index, model, prefixCaching }: EngineRank, hasEngine: boolean): LabelledValue {
  const engine = hasEngine ? `engine="${index}",` : ''
  const { blockSize } = model.profile
  const caching = prefixCaching ? 'True' : 'False'
  return [
    `block_size="${blockSize}",enable_prefix_caching="${caching}",${engine}num_gpu_blocks="${model.cache.blocks}"`,
    1,
  ]
}

function outcomes(
  page: PageWriter,
  ranks: readonly EngineRank[],
  labelsOf: (rank: EngineRank) => string,
  name: string,
): void {
  const finished = ranks.flatMap((rank) =>
    Object.entries(rank.timings.success).map(([reason, count]): LabelledValue => [
      `${labelsOf(rank)},finished_reason="${reason}"`,
      count,
    ]),
  )
  page.family('counter', 'request_success_total', 'Count of successfully processed requests.', finished)
  const refused = sumOver(ranks, ({ timings }) => timings.rejections)
  page.family('counter', 'admission_rejections_total', 'Requests refused because the queue was full.', [
    [`model_name="${name}",reason="max_num_queued_reqs"`, refused],
  ])
}

/** vLLM drops no series: each combination of adapters that was ever seen stays, with the time when it was. */
function adapters(page: PageWriter, { adapters, adapterSeries, options, ranks }: EngineContext): void {
  if (adapters.size === 0 && adapterSeries.size === 0) return
  const running = new Set<string>()
  const waiting = new Set<string>()
  for (const { driver } of ranks) {
    for (const { generation, waiting: waits } of driver.requests()) {
      if (generation.adapter !== undefined) (waits ? waiting : running).add(generation.adapter.name)
    }
  }
  const names = (set: ReadonlySet<string>): string => escapeLabel([...set].join(','))
  const labels = `max_lora="${options.maxLoras}",running_lora_adapters="${names(running)}",waiting_lora_adapters="${names(waiting)}"`
  adapterSeries.set(labels, Date.now() / 1000)
  page.family('gauge', 'lora_requests_info', 'Running stats on lora requests.', [...adapterSeries])
}
