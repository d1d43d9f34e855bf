import type { PartConfig } from '../core/plugin.ts'
import type { EngineProfile } from '../engine/profile.ts'
import type { Workload } from '../workload/workload.ts'

/** One simulated endpoint. Times are virtual seconds. */
export interface SimulatedEndpoint {
  readonly id: string
  /** What the engine really is. */
  readonly profile: EngineProfile
  /** What the router believes it to be; the truth when undefined. */
  readonly believed?: EngineProfile
  /** Tokens of host memory behind the KV cache; 0 for none. */
  readonly hostTokens: number
  /** What loading a token from host memory costs as a share of computing it; a quarter when undefined. */
  readonly hostLoadShare?: number
  /** When the endpoint joins the fleet, cold. */
  readonly joinsAt: number
  /** When it is drained and leaves; Infinity for never. */
  readonly leavesAt: number
  /** Periods in which it is dead: whatever ran there fails, and its cache is empty afterwards. */
  readonly outages: readonly { readonly from: number; readonly to: number }[]
}

/** What the router knows of the engines' caches and load when it decides. */
export type RouterView =
  /** The caches as they are, and its own ledger. */
  | { readonly kind: 'exact' }
  /** The production predicted index, corrected by what answers report. */
  | { readonly kind: 'predicted' }
  /** An index fed by cache events that arrive late or never. Delay in seconds, loss as a share. */
  | { readonly kind: 'events'; readonly delay: number; readonly loss: number }
  /** Exact caches, but load as it was at the last poll. Interval in seconds. */
  | { readonly kind: 'polled'; readonly interval: number }

/** Everything that decides the outcome of one simulation; equal scenarios give equal results, byte for byte. */
export interface Scenario {
  readonly workload: Workload
  /** Sessions at once where the workload is paced `closed`; 1 when undefined. */
  readonly concurrency?: number
  readonly endpoints: readonly SimulatedEndpoint[]
  readonly policy: PartConfig
  readonly view: RouterView
  /** Routers that share the load at random and do not know each other's. */
  readonly routers: number
  readonly seed: number
  /** Share of the requests, first ones first, that warm up and are not measured. */
  readonly warmUp: number
}
