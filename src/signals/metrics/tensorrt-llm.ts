import { z } from 'zod'
import type { EngineReading, RankReading } from './engine-reading.ts'
import type { EngineTable } from './engine-table.ts'
import { modelsRoute, versionRoute } from './models-route.ts'
import { count, jsonReader } from './read-json.ts'
import { firstFamily, metricsReader } from './read-metrics.ts'
import { sumRanks, total, UNKNOWN_LOAD } from './sum-ranks.ts'

const PAGE = '/prometheus/metrics'
const MAX_BLOCKS = ['trtllm_kv_cache_max_blocks']
const BLOCK_SIZE = ['trtllm_kv_cache_tokens_per_block']

const blocks = z.object({
  maxNumBlocks: count,
  usedNumBlocks: count,
  tokensPerBlock: count,
  reusedBlocks: count,
  missedBlocks: count,
})

/** What is read of the statistics of one iteration. */
const iteration = z.object({
  attentionDpRank: z.int().nonnegative().optional().catch(undefined),
  numActiveRequests: count,
  numQueuedRequests: count,
  maxNumActiveRequests: count,
  kvCacheStats: blocks.nullish().catch(undefined),
})

type Iteration = z.output<typeof iteration>

/**
 * TensorRT-LLM (`trtllm-serve`): a Prometheus page at its own path with `return_perf_metrics`; at `/metrics` are JSON
 * statistics of the iterations since somebody last asked. Reading those takes them away from others, and the answer waits
 * up to two seconds for an iteration, so they are asked for only where the page is missing.
 */
export const tensorrtLlm: EngineTable = {
  engine: 'tensorrt-llm',
  title: 'TensorRT-LLM',
  signs: { families: ['trtllm_'], ownedBy: ['tensorrt_llm'] },
  routes: [
    {
      path: '/metrics',
      kind: 'load',
      every: 1,
      spare: { path: PAGE, every: Number.POSITIVE_INFINITY },
      read: jsonReader(z.array(iteration), readIterations),
    },
    {
      path: PAGE,
      kind: 'load',
      every: 0,
      switchOn: 'set return_perf_metrics and enable_iter_perf_stats in its options',
      read: metricsReader(
        {
          rankLabel: undefined,
          perRank: {
            waiting: ['trtllm_num_requests_waiting'],
            running: ['trtllm_num_requests_running'],
            kvUsage: ['trtllm_kv_cache_utilization'],
            prefixCacheHitTokens: ['trtllm_prompt_cached_tokens_total', 'trtllm_prompt_cache_hit_tokens_total'],
            prefixCacheQueriedTokens: ['trtllm_prompt_tokens_total'],
          },
          whole: {
            maxRunning: ['trtllm_max_num_active_requests'],
            promptTokens: ['trtllm_prompt_tokens_total'],
            generatedTokens: ['trtllm_generation_tokens_total'],
            blockSize: BLOCK_SIZE,
          },
          others: MAX_BLOCKS,
        },
        (ranks, families) => {
          const size = firstFamily(BLOCK_SIZE, families)[0]?.value
          const most = firstFamily(MAX_BLOCKS, families)[0]?.value
          return { ranks: ranks.map((rank) => ({ ...rank, kvCapacityTokens: product(size, most) })) }
        },
      ),
    },
    modelsRoute,
    versionRoute('/version'),
  ],
}

/** The newest iteration of each rank. */
function readIterations(iterations: readonly Iteration[]): Partial<EngineReading> | undefined {
  const newest = new Map(iterations.map((stats) => [stats.attentionDpRank ?? 0, stats]))
  if (newest.size === 0) return undefined
  const last = [...newest.values()]
  return {
    ...sumRanks([...newest].map(toRank)),
    maxRunning: total(last.map(({ maxNumActiveRequests: most }) => most)),
    blockSize: last[0]?.kvCacheStats?.tokensPerBlock,
  }
}

function toRank([rank, { numActiveRequests, numQueuedRequests, kvCacheStats }]: [number, Iteration]): RankReading {
  const load = { ...UNKNOWN_LOAD, rank, waiting: numQueuedRequests, running: numActiveRequests }
  if (kvCacheStats === undefined || kvCacheStats === null) return load
  const { maxNumBlocks: most, usedNumBlocks: used, tokensPerBlock: size, reusedBlocks, missedBlocks } = kvCacheStats
  return {
    ...load,
    kvUsage: most === undefined || used === undefined || most === 0 ? undefined : Math.min(1, used / most),
    kvCapacityTokens: product(most, size),
    prefixCacheHitTokens: product(reusedBlocks, size),
    prefixCacheQueriedTokens: product(total([reusedBlocks, missedBlocks]), size),
  }
}

function product(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? undefined : a * b
}
