import type { LoadSource } from '../workload/plan-workload.ts'
import type { Pacing } from '../workload/workload.ts'
import type { BenchRoute } from './request-body.ts'
import type { Slo } from '../stats/slo.ts'

/** Requests to send before measuring: a number, or a share of all. */
export type Warmup = { readonly requests: number } | { readonly share: number }

/** Everything that a run is told. Times are seconds. */
export interface BenchSettings {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly source: LoadSource
  /** Undefined: the first model that the target lists. */
  readonly model: string | undefined
  readonly route: BenchRoute
  /** Undefined: what fits the workload. */
  readonly pacing: Pacing | undefined
  /** Sessions at once under closed pacing. */
  readonly concurrency: number | undefined
  /** Divides recorded times and think times. */
  readonly speed: number
  /** Engine seconds per wall second. */
  readonly timeScale: number
  /** Undefined: 3 s for Mooncake traces, else none. */
  readonly jitter: number | undefined
  readonly maxRequests: number | undefined
  /** Keeps the first sessions of a trace. */
  readonly maxSessions: number | undefined
  readonly maxPrompt: number | undefined
  readonly outputCap: number | undefined
  readonly warmup: Warmup
  readonly seeds: readonly number[]
  /** Distinguishes the texts of runs that must not share caches with earlier ones. */
  readonly salt: string
  readonly sharedText: boolean
  readonly ignoreEos: boolean
  readonly slos: readonly Slo[]
  /** Wall seconds. */
  readonly timeout: number
  /** Header to send the session's id in; undefined sends none. */
  readonly sessionHeader: string | undefined
  readonly label: string
  /** Arguments to show in reports. */
  readonly command: readonly string[]
}
