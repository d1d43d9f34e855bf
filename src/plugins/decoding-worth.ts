import { MovingAverage } from '../core/moving-average.ts'
import type { RequestOutcome } from '../core/outcome.ts'

/** Share of the worth that is charged: a wait is certain, a slow-down of decodes to come is not, it evens out. */
const CHARGED = 0.4
/** Where endpoints are unlike, the crowd at the fast ones stays, and so does what it costs: charged so many times as much. */
const UNLIKE = 4
/** Where requests wait for memory, a longer decode keeps memory longer: charged up to so many times as much. */
const IN_MEMORY = 2.5

/** What a second of decoding is worth, in seconds of waiting for the first token. */
export interface DecodingWorth {
  /**
   * At most 1.
   *
   * @param spread How unlike the endpoints are, 0 to 1.
   */
  at(spread: number): number
  /** Seconds that an answer decodes for, on average. */
  readonly decodeSeconds: number
  /** A request was sent where it has to wait so many seconds for memory. */
  booked(memorySeconds: number): void
  ended(outcome: RequestOutcome): void
}

/**
 * Creates the estimate. The two kinds of time count alike when they are weighed by their means: one per cent of waiting
 * against one per cent of decoding, so a second of decoding is worth TTFT over decode time.
 */
export function createDecodingWorth(): DecodingWorth {
  const ttft = new MovingAverage(0.5)
  const decodeSeconds = new MovingAverage(1)
  const memory = new MovingAverage(0)
  return {
    at(spread) {
      const inMemory = Math.min(1, memory.value / Math.max(1e-3, ttft.value))
      const charged = CHARGED * (1 + (IN_MEMORY - 1) * inMemory) * (1 + (UNLIKE - 1) * spread)
      return Math.min(1, charged * (ttft.value / Math.max(1e-3, decodeSeconds.value)))
    },
    get decodeSeconds() {
      return decodeSeconds.value
    },
    booked(memorySeconds) {
      memory.observe(memorySeconds)
    },
    ended({ kind, ttft: first, e2e, outputTokens }) {
      if (kind !== 'finished' || first === undefined) return
      ttft.observe(first)
      if (outputTokens > 1) decodeSeconds.observe(e2e - first)
    },
  }
}
