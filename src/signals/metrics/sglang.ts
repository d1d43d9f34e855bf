import { z } from 'zod'
import type { RankReading } from './engine-reading.ts'
import type { EngineTable } from './engine-table.ts'
import { modelsRoute } from './models-route.ts'
import { count, jsonReader, word } from './read-json.ts'
import { firstFamily, labelNumber, largestByRank, metricsReader, type Refined } from './read-metrics.ts'
import type { MetricFamilies, Sample } from './sample.ts'
import { sumRanks, total } from './sum-ranks.ts'

const LOADS = '/v1/loads?include=core'
const RANK = 'dp_rank'
const CACHE_CONFIG = both('cache_config_info')
const CACHED = both('cached_tokens_total')

/** The code says `sglang:`, some pages say `sglang_`. */
function both(...names: readonly string[]): readonly string[] {
  return names.flatMap((name) => [`sglang:${name}`, `sglang_${name}`])
}

const rankLoad = z.object({
  dp_rank: z.int().nonnegative().catch(0),
  num_running_reqs: count,
  num_waiting_reqs: count,
  num_waiting_uncached_tokens: count,
  max_total_num_tokens: count,
  max_running_requests: count,
  token_usage: count,
})

/**
 * SGLang: a metrics page with `--enable-metrics`, and the load of every rank as JSON without it, which is smaller and told
 * by the schedulers on the spot. Only the page has counters, so it is read now and then where both exist.
 */
export const sglang: EngineTable = {
  engine: 'sglang',
  title: 'SGLang',
  signs: { families: ['sglang:', 'sglang_'], ownedBy: ['sglang'] },
  routes: [
    {
      path: '/metrics',
      kind: 'load',
      every: 0,
      spare: { path: LOADS, every: 5 },
      switchOn: 'start it with --enable-metrics',
      read: metricsReader(
        {
          rankLabel: RANK,
          perRank: {
            waiting: both('num_queue_reqs'),
            running: both('num_running_reqs'),
            kvUsage: both('token_usage'),
            kvCapacityTokens: both('max_total_num_tokens'),
            prefixCacheQueriedTokens: both('prompt_tokens_total'),
          },
          whole: {
            preemptions: both('num_retracted_requests_total'),
            promptTokens: both('prompt_tokens_total'),
            generatedTokens: both('generation_tokens_total'),
            loraMax: both('lora_pool_slots_total'),
          },
          others: [...CACHE_CONFIG, ...CACHED],
        },
        refine,
      ),
    },
    {
      path: LOADS,
      kind: 'load',
      every: 0,
      read: jsonReader(z.object({ version: word, loads: z.array(rankLoad).min(1) }), ({ version, loads }) => ({
        ...sumRanks(loads.map(toRank)),
        version,
        maxRunning: total(loads.map(({ max_running_requests: most }) => most)),
      })),
    },
    modelsRoute,
  ],
}

function toRank(load: z.output<typeof rankLoad>): RankReading {
  return {
    rank: load.dp_rank,
    waiting: load.num_waiting_reqs,
    running: load.num_running_reqs,
    waitingTokens: load.num_waiting_uncached_tokens,
    kvUsage: load.token_usage !== undefined && load.token_usage <= 1 ? load.token_usage : undefined,
    kvCapacityTokens: load.max_total_num_tokens,
    prefixCacheHitTokens: undefined,
    prefixCacheQueriedTokens: undefined,
  }
}

function refine(ranks: readonly RankReading[], families: MetricFamilies): Refined {
  const config = firstFamily(CACHE_CONFIG, families)[0]
  const pageSize = labelNumber(config, 'page_size')
  const pages = labelNumber(config, 'num_pages')
  const capacity = pageSize === undefined || pages === undefined ? undefined : pageSize * pages
  const hits = cachedTokens(firstFamily(CACHED, families))
  return {
    ranks: ranks.map((rank) => ({
      ...rank,
      kvCapacityTokens: rank.kvCapacityTokens ?? capacity,
      prefixCacheHitTokens: ranks.length === 1 ? hits : undefined,
    })),
    facts: { blockSize: pageSize, prefixCacheHitTokens: hits },
  }
}

/** Where the cached tokens came from is told apart; newer releases tell the sum as a source of its own. */
function cachedTokens(samples: readonly Sample[]): number | undefined {
  const sums = samples.filter(({ labels }) => (labels.get('cache_source') ?? 'total') === 'total')
  if (sums.length > 0) return total([...largestByRank(sums, RANK).values()])
  const sources = Map.groupBy(samples, ({ labels }) => labels.get('cache_source'))
  return total([...sources.values()].flatMap((source) => [...largestByRank(source, RANK).values()]))
}
