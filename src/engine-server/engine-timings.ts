import { Histogram } from './histogram.ts'

// vLLM's default buckets.
const FIRST_TOKEN = [
  0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80, 160, 640, 2560,
]
const INTER_TOKEN = [0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80]
const REQUEST = [0.3, 0.5, 0.8, 1, 1.5, 2, 2.5, 5, 10, 15, 20, 30, 40, 50, 60, 120, 240, 480, 960, 1920, 7680]

/** What the engine measures about its own requests: seconds of the wall clock, as its clients see them. */
export interface EngineTimings {
  readonly firstToken: Histogram
  readonly interToken: Histogram
  readonly endToEnd: Histogram
  readonly queue: Histogram
  /** Finished answers by reason. */
  readonly success: { stop: number; length: number; abort: number; error: number }
  /** Requests refused because the queue was full. */
  rejections: number
}

export function createTimings(): EngineTimings {
  return {
    firstToken: new Histogram(FIRST_TOKEN),
    interToken: new Histogram(INTER_TOKEN),
    endToEnd: new Histogram(REQUEST),
    queue: new Histogram(REQUEST),
    success: { stop: 0, length: 0, abort: 0, error: 0 },
    rejections: 0,
  }
}
