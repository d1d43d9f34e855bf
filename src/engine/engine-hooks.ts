import type { EngineRequest, Sequence } from './sequence.ts'

/** Learns what enters and leaves an engine's prefix cache, as it happens. Blocks go by their numbers in the cache. */
export interface CacheListener<R extends EngineRequest = EngineRequest> {
  /** The full blocks at the positions from `from` up to `to` of a request are findable now; `blocks` is by position. */
  stored(request: R, blocks: Int32Array, from: number, to: number): void
  /** A findable block was taken for something else. */
  evicted(block: number): void
  /** Nothing is findable any more. */
  cleared(): void
}

/** What an engine asks and tells while it runs; without them it does no work for anybody. */
export interface EngineHooks<R extends EngineRequest = EngineRequest> {
  readonly cache?: CacheListener<R> | undefined
  /** False for a waiting request that cannot join those that run; the ones behind it go first, as in vLLM with adapters. */
  readonly mayAdmit?: ((request: R, running: readonly Sequence<R>[]) => boolean) | undefined
}
