import type { EngineContext } from '../engine-context.ts'
import { PageWriter, escapeLabel } from './page-writer.ts'
import { RANK_VALUES, sumOver } from './rank-values.ts'

/** The engine's metrics under TensorRT-LLM's names, as at `/prometheus/metrics`: all ranks together. */
export function tensorrtPage({ ranks, options }: EngineContext): string {
  const labels = `engine_type="trtllm",model_name="${escapeLabel(options.model)}"`
  const page = new PageWriter('trtllm_', () => labels)
  const gauge = (name: string, help: string, value: number): void => page.family('gauge', name, help, [[labels, value]])
  const counter = (name: string, help: string, value: number): void =>
    page.family('counter', name, help, [[labels, value]])
  const blocks = sumOver(ranks, RANK_VALUES.blocks)
  const used = sumOver(ranks, RANK_VALUES.usedBlocks)
  gauge('num_requests_running', 'Active requests.', sumOver(ranks, RANK_VALUES.running))
  gauge('num_requests_waiting', 'Queued requests.', sumOver(ranks, RANK_VALUES.waiting))
  gauge('max_num_active_requests', 'Most active requests.', options.profile.maxSequences * ranks.length)
  gauge('kv_cache_utilization', 'Share of the KV cache in use.', used / blocks)
  gauge('kv_cache_max_blocks', 'Blocks of the KV cache.', blocks)
  gauge('kv_cache_free_blocks', 'Free blocks of the KV cache.', blocks - used)
  gauge('kv_cache_used_blocks', 'Used blocks of the KV cache.', used)
  gauge('kv_cache_tokens_per_block', 'Tokens per block.', options.profile.blockSize)
  counter('prompt_tokens_total', 'Prompt tokens.', sumOver(ranks, RANK_VALUES.promptTokens))
  counter('generation_tokens_total', 'Generated tokens.', sumOver(ranks, RANK_VALUES.generationTokens))
  counter('prompt_cached_tokens_total', 'Cached prompt tokens.', sumOver(ranks, RANK_VALUES.hitTokens))
  return page.text
}

/** The statistics of the last iteration of each rank, as JSON at `/metrics`; `iter` counts the answers. */
export function tensorrtIterations({ ranks, options }: EngineContext, iter: number): object[] {
  const { blockSize, maxSequences } = options.profile
  return ranks.map((rank) => {
    const { index, model } = rank
    const hits = RANK_VALUES.hitTokens(rank)
    const queries = RANK_VALUES.queriedTokens(rank)
    return {
      iter,
      ...(ranks.length === 1 ? {} : { attentionDpRank: index }),
      numActiveRequests: model.running,
      numQueuedRequests: model.waiting,
      maxNumActiveRequests: maxSequences,
      kvCacheStats: {
        maxNumBlocks: model.cache.blocks,
        freeNumBlocks: model.cache.free,
        usedNumBlocks: model.cache.used,
        tokensPerBlock: blockSize,
        reusedBlocks: Math.floor(hits / blockSize),
        missedBlocks: Math.ceil((queries - hits) / blockSize),
      },
    }
  })
}
