/** What one scheduler inside an engine says about itself. Undefined is unknown, never zero. */
export interface RankLoad {
  /** Requests in the engine's queue. */
  readonly waiting: number | undefined
  /** Requests in its batch. */
  readonly running: number | undefined
  /** Prompt tokens of waiting requests that are not in the prefix cache. */
  readonly waitingTokens: number | undefined
  /** Share of the KV cache that running requests hold, 0 to 1; blocks that are merely cached count as free. */
  readonly kvUsage: number | undefined
  /** Tokens that fit into the KV cache. */
  readonly kvCapacityTokens: number | undefined
  /** Counter since the engine's start: prompt tokens found in the prefix cache. */
  readonly prefixCacheHitTokens: number | undefined
  /** Counter since the engine's start: prompt tokens looked up in the prefix cache. */
  readonly prefixCacheQueriedTokens: number | undefined
}

/** One data-parallel rank of an engine. */
export interface RankReading extends RankLoad {
  readonly rank: number
}

/**
 * What an engine says about itself, in one form for all engines. Counts and counters are sums over its data-parallel
 * ranks, `kvUsage` is the share of the whole capacity, and all are undefined while one of the ranks does not tell its
 * part. Undefined is unknown, never zero.
 */
export interface EngineReading extends RankLoad {
  /** Requests that may be in the batch at once. */
  readonly maxRunning: number | undefined
  /** Counter: requests thrown out of the batch for want of KV cache. */
  readonly preemptions: number | undefined
  /** Counter: prompt tokens of all requests, cached ones included. */
  readonly promptTokens: number | undefined
  /** Counter: tokens generated. */
  readonly generatedTokens: number | undefined
  /** Tokens per KV block. */
  readonly blockSize: number | undefined
  /** Tokens of prompt and answer that one request may have. */
  readonly maxModelLen: number | undefined
  /** Adapters with requests in the batch. */
  readonly loraLoaded: readonly string[] | undefined
  /** Adapters with requests in the queue. */
  readonly loraWaiting: readonly string[] | undefined
  /** Adapters that fit into a batch. */
  readonly loraMax: number | undefined
  /** Names by which requests may ask for a model. */
  readonly modelIds: readonly string[] | undefined
  /** Of these, the models in memory, where an engine loads them on demand. */
  readonly loadedModels: readonly string[] | undefined
  /** True when the engine has given up its memory and must be woken first. */
  readonly asleep: boolean | undefined
  readonly version: string | undefined
  /** The ranks apart, by rank; one for an engine without data parallelism, undefined when no load is known. */
  readonly perRank: readonly RankReading[] | undefined
}

/** What an engine that has not been asked yet is known for. */
export const UNKNOWN_READING: EngineReading = overlay({}, {})

/** `over` on top of `base`: what is known in `over` counts. */
export function overlay(base: Partial<EngineReading>, over: Partial<EngineReading>): EngineReading {
  return {
    ...overlayLoad(base, over),
    ...overlayWork(base, over),
    ...overlayFacts(base, over),
    perRank: overlayRanks(base.perRank, over.perRank),
  }
}

function overlayLoad(base: Partial<RankLoad>, over: Partial<RankLoad>): RankLoad {
  return {
    waiting: over.waiting ?? base.waiting,
    running: over.running ?? base.running,
    waitingTokens: over.waitingTokens ?? base.waitingTokens,
    kvUsage: over.kvUsage ?? base.kvUsage,
    kvCapacityTokens: over.kvCapacityTokens ?? base.kvCapacityTokens,
    prefixCacheHitTokens: over.prefixCacheHitTokens ?? base.prefixCacheHitTokens,
    prefixCacheQueriedTokens: over.prefixCacheQueriedTokens ?? base.prefixCacheQueriedTokens,
  }
}

function overlayWork(base: Partial<EngineReading>, over: Partial<EngineReading>) {
  return {
    maxRunning: over.maxRunning ?? base.maxRunning,
    preemptions: over.preemptions ?? base.preemptions,
    promptTokens: over.promptTokens ?? base.promptTokens,
    generatedTokens: over.generatedTokens ?? base.generatedTokens,
  }
}

function overlayFacts(base: Partial<EngineReading>, over: Partial<EngineReading>) {
  return {
    blockSize: over.blockSize ?? base.blockSize,
    maxModelLen: over.maxModelLen ?? base.maxModelLen,
    loraLoaded: over.loraLoaded ?? base.loraLoaded,
    loraWaiting: over.loraWaiting ?? base.loraWaiting,
    loraMax: over.loraMax ?? base.loraMax,
    modelIds: over.modelIds ?? base.modelIds,
    loadedModels: over.loadedModels ?? base.loadedModels,
    asleep: over.asleep ?? base.asleep,
    version: over.version ?? base.version,
  }
}

/** The ranks of `over`, each on top of the same rank of `base`; an engine that lost a rank has lost it. */
function overlayRanks(
  base: readonly RankReading[] | undefined,
  over: readonly RankReading[] | undefined,
): readonly RankReading[] | undefined {
  if (base === undefined || over === undefined) return over ?? base
  return over.map((rank) => {
    const below = base.find((other) => other.rank === rank.rank)
    return below === undefined ? rank : { rank: rank.rank, ...overlayLoad(below, rank) }
  })
}
