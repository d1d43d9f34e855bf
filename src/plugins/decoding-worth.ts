import { MovingAverage } from '../core/moving-average.ts'
import type { RequestOutcome } from '../core/outcome.ts'

/** What a second of decoding is worth, in seconds of waiting for the first token. */
export interface DecodingWorth {
  /** At most 1. */
  readonly value: number
  /** Seconds that an answer decodes for, on average. */
  readonly decodeSeconds: number
  /** A request was sent where it has to wait so many seconds for memory. */
  booked(memorySeconds: number): void
  ended(outcome: RequestOutcome): void
}

/**
 * Creates the estimate. The two kinds of time count alike when they are weighed by their means: one per cent of waiting
 * against one per cent of decoding, so a second of decoding is worth TTFT over decode time. Half of that is charged, because
 * a wait is certain and the slow-down of decodes to come is not. Where requests wait for memory, a longer decode keeps
 * the memory longer and lets others wait: by the share of the TTFT that is spent on it, up to two and a half times as much is
 * charged.
 */
export function createDecodingWorth(): DecodingWorth {
  const ttft = new MovingAverage(0.5)
  const decodeSeconds = new MovingAverage(10)
  const memory = new MovingAverage(0)
  return {
    get value() {
      const share = Math.min(1, memory.value / Math.max(1e-3, ttft.value))
      return Math.min(1, ((2 + 3 * share) / 4) * (ttft.value / Math.max(1e-3, decodeSeconds.value)))
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
