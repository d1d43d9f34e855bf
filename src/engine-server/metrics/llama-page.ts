import type { EngineContext } from '../engine-context.ts'
import { PageWriter } from './page-writer.ts'
import { RANK_VALUES, sumOver } from './rank-values.ts'

/** The engine's metrics under llama.cpp's names, without labels: all ranks together. */
export function llamaPage({ ranks }: EngineContext): string {
  const page = new PageWriter('llamacpp:', () => '')
  const hits = sumOver(ranks, RANK_VALUES.hitTokens)
  const one = (type: 'gauge' | 'counter', name: string, help: string, value: number): void =>
    page.family(type, name, help, [['', value]])
  // Hits count on admission, prompts when they are done.
  const processed = Math.max(0, sumOver(ranks, RANK_VALUES.promptTokens) - hits)
  one('counter', 'prompt_tokens_total', 'Number of prompt tokens processed.', processed)
  one('counter', 'prompt_tokens_cached_total', 'Number of prompt tokens taken from the cache.', hits)
  const generated = sumOver(ranks, RANK_VALUES.generationTokens)
  one('counter', 'tokens_predicted_total', 'Number of generation tokens processed.', generated)
  one('gauge', 'requests_processing', 'Number of requests processing.', sumOver(ranks, RANK_VALUES.running))
  one('gauge', 'requests_deferred', 'Number of requests deferred.', sumOver(ranks, RANK_VALUES.waiting))
  return page.text
}
