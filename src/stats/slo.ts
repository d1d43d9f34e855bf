/** Limits for TTFT and TPOT, in seconds, that a good answer keeps. */
export interface Slo {
  readonly ttft: number
  readonly tpot: number
}

/** The fixed limits that NVIDIA Dynamo's router studies use: interactive, and relaxed. */
export const DEFAULT_SLOS: readonly Slo[] = [
  { ttft: 2, tpot: 0.025 },
  { ttft: 5, tpot: 0.1 },
]
