import type { EngineReading, RankReading } from './engine-reading.ts'
import type { EngineTable } from './engine-table.ts'
import { counter } from './metric-table.ts'
import { modelsRoute, versionRoute } from './models-route.ts'
import { firstFamily, labelNumber, metricsReader } from './read-metrics.ts'
import type { MetricFamilies, Sample } from './sample.ts'

const CACHE_CONFIG = 'vllm:cache_config_info'
const LORA = 'vllm:lora_requests_info'
const SLEEP = 'vllm:engine_sleep_state'
const RANK = 'engine'

/**
 * vLLM: one metrics page, on by default. The label `engine` numbers data-parallel ranks and is missing before 0.9; the
 * names with `gpu_` are those before 0.9, exposed beside the newer ones until late 2025 (vllm-project/vllm#18354, #29330).
 */
export const vllm: EngineTable = {
  engine: 'vllm',
  title: 'vLLM',
  signs: { families: ['vllm:'], ownedBy: ['vllm'] },
  answersTellLoad: true,
  routes: [
    {
      path: '/metrics',
      kind: 'load',
      every: 0,
      switchOn: 'start it without --disable-log-stats',
      read: metricsReader(
        {
          rankLabel: RANK,
          perRank: {
            waiting: ['vllm:num_requests_waiting'],
            running: ['vllm:num_requests_running'],
            kvUsage: ['vllm:kv_cache_usage_perc', 'vllm:gpu_cache_usage_perc'],
            prefixCacheHitTokens: counter('vllm:prefix_cache_hits', 'vllm:gpu_prefix_cache_hits'),
            prefixCacheQueriedTokens: counter('vllm:prefix_cache_queries', 'vllm:gpu_prefix_cache_queries'),
          },
          whole: {
            preemptions: counter('vllm:num_preemptions'),
            promptTokens: counter('vllm:prompt_tokens'),
            generatedTokens: counter('vllm:generation_tokens'),
          },
          others: [CACHE_CONFIG, LORA, SLEEP],
        },
        (ranks, families) => ({
          ranks: withCapacity(ranks, families),
          facts: { ...blockSize(families), ...adapters(families), ...asleep(families) },
        }),
      ),
    },
    modelsRoute,
    versionRoute('/version'),
  ],
}

/** The cache configuration is told per rank by newer releases, and once for all by older ones. */
function withCapacity(ranks: readonly RankReading[], families: MetricFamilies): RankReading[] {
  const configs = families.get(CACHE_CONFIG) ?? []
  return ranks.map((rank) => {
    const own = configs.find(({ labels }) => labels.get(RANK) === String(rank.rank))
    return { ...rank, kvCapacityTokens: capacity(own ?? configs.find(({ labels }) => !labels.has(RANK))) }
  })
}

/** The engine's own figure where it gives one: with several kinds of attention, blocks times size is not it. */
function capacity(config: Sample | undefined): number | undefined {
  const tokens = labelNumber(config, 'kv_cache_size_tokens')
  const size = labelNumber(config, 'block_size')
  const blocks = labelNumber(config, 'num_gpu_blocks')
  return tokens ?? (size === undefined || blocks === undefined ? undefined : size * blocks)
}

function blockSize(families: MetricFamilies): Partial<EngineReading> {
  return { blockSize: labelNumber(families.get(CACHE_CONFIG)?.[0], 'block_size') }
}

/** Every combination of adapters leaves a series behind whose value is when it was written: the latest counts. */
function adapters(families: MetricFamilies): Partial<EngineReading> {
  const [first, ...others] = families.get(LORA) ?? []
  if (first === undefined) return {}
  const latest = others.reduce((best, sample) => (sample.value > best.value ? sample : best), first)
  return {
    loraLoaded: namesIn(latest.labels.get('running_lora_adapters')),
    loraWaiting: namesIn(latest.labels.get('waiting_lora_adapters')),
    loraMax: labelNumber(latest, 'max_lora'),
  }
}

function namesIn(list: string | undefined): readonly string[] | undefined {
  return list
    ?.split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '')
}

/** Asleep when no rank is awake. */
function asleep(families: MetricFamilies): Partial<EngineReading> {
  const awake = firstFamily([SLEEP], families).filter(({ labels }) => labels.get('sleep_state') === 'awake')
  return awake.length === 0 ? {} : { asleep: awake.every(({ value }) => value === 0) }
}
