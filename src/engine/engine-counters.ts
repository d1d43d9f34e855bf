/** Totals since the engine began, under vLLM's definitions. */
export interface EngineCounters {
  promptTokens: number
  generationTokens: number
  /** Prompt tokens looked up in the prefix cache, and the part of them that was found. */
  prefixCacheQueries: number
  prefixCacheHits: number
  preemptions: number
  finished: number
  aborted: number
}

export function zeroCounters(): EngineCounters {
  return {
    promptTokens: 0,
    generationTokens: 0,
    prefixCacheQueries: 0,
    prefixCacheHits: 0,
    preemptions: 0,
    finished: 0,
    aborted: 0,
  }
}
