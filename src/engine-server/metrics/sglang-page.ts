import type { EngineContext } from '../engine-context.ts'
import type { EngineRank } from '../engine-rank.ts'
import type { HistogramFamily, LabelledValue } from './page-writer.ts'
import { PageWriter, escapeLabel } from './page-writer.ts'
import type { RankFamily } from './rank-values.ts'
import { RANK_VALUES } from './rank-values.ts'

/** The engine's metrics under SGLang's names, as with `--enable-metrics`; a series for each data-parallel rank. */
export function sglangPage({ ranks, options, adapters }: EngineContext): string {
  const common = `engine_type="unified",model_name="${escapeLabel(options.model)}",moe_ep_rank="0",pp_rank="0",tp_rank="0"`
  const labelsOf = ({ index }: EngineRank): string => (ranks.length === 1 ? common : `dp_rank="${index}",${common}`)
  const page = new PageWriter('sglang:', labelsOf)
  page.families('gauge', GAUGES, ranks)
  const pages = ranks[0]?.model.cache.blocks ?? 0
  page.family('gauge', 'cache_config_info', 'Configuration of the cache.', [
    [`num_pages="${pages}",page_size="${options.profile.blockSize}"`, 1],
  ])
  page.families('counter', COUNTERS, ranks)
  page.family('counter', 'cached_tokens_total', 'Number of cached prompt tokens.', cached(ranks, labelsOf))
  if (adapters.enabled) {
    page.families('gauge', [['lora_pool_slots_used', 'Adapters in the pool.', () => adapters.size]], ranks)
    page.families('gauge', [['lora_pool_slots_total', 'Slots of the pool.', () => options.maxLoras]], ranks)
  }
  page.histograms(HISTOGRAMS, ranks)
  return page.text
}

const GAUGES: readonly RankFamily[] = [
  ['num_running_reqs', 'The number of running requests.', RANK_VALUES.running],
  ['num_queue_reqs', 'The number of requests in the waiting queue.', RANK_VALUES.waiting],
  ['num_used_tokens', 'The number of used tokens.', RANK_VALUES.usedTokens],
  ['max_total_num_tokens', 'Maximum total number of tokens.', RANK_VALUES.capacityTokens],
  ['token_usage', 'The token usage.', RANK_VALUES.kvUsage],
  ['cache_hit_rate', 'The prefix cache hit rate.', hitRate],
]

const COUNTERS: readonly RankFamily[] = [
  ['prompt_tokens_total', 'Number of prefill tokens processed.', RANK_VALUES.promptTokens],
  ['generation_tokens_total', 'Number of generation tokens processed.', RANK_VALUES.generationTokens],
  ['num_requests_total', 'Number of requests processed.', RANK_VALUES.finished],
  ['num_aborted_requests_total', 'Number of requests aborted.', RANK_VALUES.aborted],
  ['num_retracted_requests_total', 'Number of requests retracted.', RANK_VALUES.preemptions],
]

const HISTOGRAMS: readonly HistogramFamily[] = [
  ['time_to_first_token_seconds', 'Histogram of time to first token in seconds.', 'firstToken'],
  ['inter_token_latency_seconds', 'Histogram of inter-token latency in seconds.', 'interToken'],
  ['e2e_request_latency_seconds', 'Histogram of end-to-end request latency in seconds.', 'endToEnd'],
  ['queue_time_seconds', 'Histogram of queueing time in seconds.', 'queue'],
]

function hitRate(rank: EngineRank): number {
  const queried = RANK_VALUES.queriedTokens(rank)
  return queried === 0 ? 0 : RANK_VALUES.hitTokens(rank) / queried
}

function cached(ranks: readonly EngineRank[], labelsOf: (rank: EngineRank) => string): LabelledValue[] {
  return ['device', 'total'].flatMap((source) =>
    ranks.map((rank): LabelledValue => [`cache_source="${source}",${labelsOf(rank)}`, RANK_VALUES.hitTokens(rank)]),
  )
}
