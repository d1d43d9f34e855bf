import type { Slo } from '../stats/slo.ts'
import type { LoadSelection } from '../workload/plan-workload.ts'
import type { Pacing } from '../workload/workload.ts'
import type { Arm } from './arms.ts'
import type { Fleet } from './matrix-fleet.ts'
import type { RouterView } from './scenario.ts'

/** How a workload is sent. */
export interface LoadShape {
  readonly selection: LoadSelection
  /** Undefined: what fits the workload. */
  readonly pacing: Pacing | undefined
  /** Sessions at once under closed pacing. */
  readonly concurrency: number | undefined
  /** Factor on the time between an answer and the next request. */
  readonly thinkScale: number
  /** Share of the requests that warm up and are not measured. */
  readonly warmUp: number
}

/** The dimensions of a matrix: every combination is a cell. */
export interface MatrixDimensions {
  readonly profiles: readonly string[]
  /** Endpoints of a fleet of equals; without meaning beside a fleet file. */
  readonly replicas: readonly number[]
  /** KV tokens per endpoint; empty for what the profile holds. */
  readonly kvTokens: readonly number[]
  /** Tokens of host memory behind each KV cache. */
  readonly hostTokens: readonly number[]
  readonly speeds: readonly number[]
  readonly views: readonly RouterView[]
  readonly routers: readonly number[]
}

/** Everything that decides the outcome of a matrix of simulations. Times are virtual seconds. */
export interface MatrixSettings {
  readonly load: LoadShape
  readonly arms: readonly Arm[]
  /** Label of the arm that the others are compared to. */
  readonly baseline: string
  readonly dimensions: MatrixDimensions
  readonly fleet: Fleet | undefined
  readonly seeds: readonly number[]
  readonly slos: readonly Slo[]
  /** Arguments to show in reports; those that only say where results go are left out. */
  readonly command: readonly string[]
}
