/** What became of one simulated request. Times are virtual seconds, counted from its arrival at the router. */
export interface SimulatedRequest {
  readonly arrival: number
  readonly endpoint: number
  readonly promptTokens: number
  readonly cachedTokens: number
  readonly predictedTokens: number
  readonly outputTokens: number
  readonly ttft: number
  /** Seconds per output token after the first; NaN for a single token. */
  readonly tpot: number
  readonly e2e: number
  /** Times it was sent again because its endpoint died. */
  readonly retries: number
}

/** The outcome of one simulation. */
export interface SimulationResult {
  /** Measured requests in order of arrival, the warm-up left out. */
  readonly requests: readonly SimulatedRequest[]
  /** Requests sent to each endpoint, warm-up included. */
  readonly sent: readonly number[]
  /** Blocks evicted by all engines. */
  readonly evictedBlocks: number
  readonly preemptions: number
  /** Coefficient of variation of the endpoints' prefill backlog, averaged over decisions. */
  readonly backlogVariation: number
  /** Virtual seconds from the first arrival to the last end. */
  readonly span: number
}
