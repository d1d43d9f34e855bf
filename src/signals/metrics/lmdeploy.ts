import { z } from 'zod'
import type { EngineTable } from './engine-table.ts'
import { counter } from './metric-table.ts'
import { modelsRoute } from './models-route.ts'
import { count, jsonReader } from './read-json.ts'
import { metricsReader } from './read-metrics.ts'

/** The answer is an object, or that object once more as a JSON string. */
const engineInfo = z.preprocess(
  (answer) => (typeof answer === 'string' ? parsedOnceMore(answer) : answer),
  z.object({ block_size: count, num_gpu_blocks: count, dp_size: count }),
)

/** LMDeploy: a metrics page unless switched off, per data-parallel rank; the size of the cache only at `/distserve`. */
export const lmdeploy: EngineTable = {
  engine: 'lmdeploy',
  title: 'LMDeploy',
  signs: { families: ['lmdeploy:'], ownedBy: ['lmdeploy'] },
  routes: [
    {
      path: '/metrics',
      kind: 'load',
      every: 0,
      switchOn: 'start it without --disable-metrics',
      read: metricsReader({
        rankLabel: 'engine',
        perRank: {
          waiting: ['lmdeploy:num_requests_waiting'],
          running: ['lmdeploy:num_requests_running'],
          kvUsage: ['lmdeploy:gpu_cache_usage_perc'],
          prefixCacheHitTokens: counter('lmdeploy:cached_tokens'),
          prefixCacheQueriedTokens: counter('lmdeploy:prompt_tokens'),
        },
        whole: {
          promptTokens: counter('lmdeploy:prompt_tokens'),
          generatedTokens: counter('lmdeploy:generation_tokens'),
        },
        others: [],
      }),
    },
    modelsRoute,
    {
      path: '/distserve/engine_info',
      kind: 'facts',
      every: 60,
      read: jsonReader(engineInfo, ({ block_size: size, num_gpu_blocks: blocks, dp_size: ranks = 1 }) => ({
        blockSize: size,
        kvCapacityTokens: size === undefined || blocks === undefined ? undefined : size * blocks * ranks,
      })),
    },
  ],
}

function parsedOnceMore(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
