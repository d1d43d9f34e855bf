import type { EndpointState } from '../core/endpoint-state.ts'
import type { Fleet } from '../core/fleet.ts'
import type { RequestObserver } from '../core/request-record.ts'
import type { Scheduler } from '../core/scheduler.ts'
import type { TokenBlocks } from '../core/token-blocks.ts'
import type { BlockHasher } from '../prefix/block-hasher.ts'
import type { EngineName } from '../protocol/engine-quirks.ts'
import type { BodyBuffers } from './body-buffers.ts'
import type { TokenFinder } from './found-tokens.ts'
import type { LoadInAnswers } from './load-in-answers.ts'
import type { FailureReason } from './retry-rule.ts'
import type { Upstream } from './upstream.ts'

/** Which headers Kvasir adds to answers. */
export interface HeaderSettings {
  /** Name of the header that carries the request id, in both directions, lower-case. */
  readonly requestId: string
  /** `x-kvasir-endpoint`, `x-kvasir-reason`, `x-kvasir-matched-tokens`. */
  readonly decisions: boolean
  /** The names of older routers: `X-Router-Backend`, `X-Router-Reason`, `X-Served-By`, `X-Cache`. */
  readonly compatible: boolean
}

export interface GatewaySettings {
  /** Bytes of a request body. */
  readonly bodyLimit: number
  /** Endpoints tried for one request. */
  readonly maxAttempts: number
  readonly headers: HeaderSettings
  /** Lower-case names of request headers that are not sent to engines. */
  readonly dropHeaders: ReadonlySet<string>
  /** Request header that separates tenants' caches, lower-case. */
  readonly tenantHeader: string | undefined
  /** Streams of which engines are asked for usage where the client does not ask. */
  readonly askUsage: AskUsage
  /**
   * Seconds for which the head of a stream is held back while nothing was generated, so that an error in it can still
   * move to another endpoint; 0 relays it at once.
   */
  readonly holdHead: number
}

/** No engine, those that are known by name to understand it, or every one. */
export type AskUsage = 'none' | 'known' | 'all'

/** Learns from the outcome of requests whether an endpoint is well. */
export interface PassiveHealth {
  succeeded(endpoint: EndpointState): void
  failed(endpoint: EndpointState, reason: FailureReason): void
}

/** What the stages of a request share. */
export interface GatewayContext {
  readonly fleet: Fleet
  readonly scheduler: Scheduler
  readonly hasher: BlockHasher
  readonly tokenBlocks?: TokenBlocks
  /** Looks for the tokens of prompts that come as text. Without this, nobody does. */
  readonly tokens?: TokenFinder
  readonly observer: RequestObserver
  readonly buffers: BodyBuffers
  readonly health: PassiveHealth
  /** Replaced as a whole when the configuration is reloaded. */
  settings: GatewaySettings
  /** A fault of the gateway itself: logged with its cause, never shown to the client. */
  reportFault(requestId: string, error: unknown): void
  /** An answer went to its client that is none an engine gives, or is cut off. */
  answerUnreadable?(endpoint: EndpointState, route: string): void
  upstreamOf(endpoint: EndpointState): Upstream
  /** Which engine runs there, where it is known. Without this, none is. */
  engineOf?(endpoint: EndpointState): EngineName | undefined
  /** The data-parallel rank that an endpoint is, where it is one of several behind its address. Without this, none is. */
  rankOf?(endpoint: EndpointState): number | undefined
  /** Without this, no engine is asked for its load beside its answers. */
  readonly loadInAnswers?: LoadInAnswers
  /** Monotonic clock in seconds. */
  clock(): number
  /** Milliseconds since the epoch. */
  wallClock(): number
}
