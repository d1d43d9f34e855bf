import type { StepRates } from './rates.ts'
import type { SignalName, Signals } from './signals.ts'

/** What an endpoint does for a request: everything, or one half of a disaggregated pair. */
export type EndpointRole = 'both' | 'prefill' | 'decode' | 'encode'

/** What the operator said about an endpoint. */
export interface EndpointSettings {
  /** Unique name, used in headers, metrics and logs. */
  readonly id: string
  /** Base address, e.g. `http://10.0.0.7:8000`, without a trailing slash. */
  readonly url: string
  readonly role: EndpointRole
  readonly labels: Readonly<Record<string, string>>
  /** Speed of the engine, from a profile until it is learned. */
  readonly rates: StepRates
  /** Tokens that fit into the endpoint's KV cache. */
  readonly kvTokens: number
  /** Requests in flight at which the endpoint takes no more; Infinity for no limit. */
  readonly maxConcurrency: number
}

/** An endpoint as a plugin sees it: what was configured, and the signals the plugin declared to read. */
export interface Candidate<Reads extends SignalName> extends EndpointSettings {
  /** Small number, unique among the endpoints that exist now; reused after removal. */
  readonly slot: number
  readonly signals: Readonly<Pick<Signals, Reads>>
}
