import type { EngineRank } from '../engine-rank.ts'

/** What metrics pages tell of a rank. */
export const RANK_VALUES = {
  running: ({ model }: EngineRank): number => model.running,
  waiting: ({ model }: EngineRank): number => model.waiting,
  kvUsage: ({ model }: EngineRank): number => model.kvUsage,
  /** Tokens of the blocks that running requests hold. */
  usedTokens: ({ model }: EngineRank): number => model.cache.used * model.profile.blockSize,
  usedBlocks: ({ model }: EngineRank): number => model.cache.used,
  blocks: ({ model }: EngineRank): number => model.cache.blocks,
  capacityTokens: ({ model }: EngineRank): number => model.capacityTokens,
  /** Nothing is looked up where nothing is kept. */
  queriedTokens: ({ model, prefixCaching }: EngineRank): number =>
    prefixCaching ? model.counters.prefixCacheQueries : 0,
  hitTokens: ({ model }: EngineRank): number => model.counters.prefixCacheHits,
  promptTokens: ({ model }: EngineRank): number => model.counters.promptTokens,
  generationTokens: ({ model }: EngineRank): number => model.counters.generationTokens,
  preemptions: ({ model }: EngineRank): number => model.counters.preemptions,
  finished: ({ model }: EngineRank): number => model.counters.finished,
  aborted: ({ model }: EngineRank): number => model.counters.aborted,
} as const

/** A family with a value for each rank. */
export type RankFamily = readonly [name: string, help: string, value: (rank: EngineRank) => number]

/** The sum over all ranks. */
export function sumOver(ranks: readonly EngineRank[], value: (rank: EngineRank) => number): number {
  return ranks.reduce((sum, rank) => sum + value(rank), 0)
}
