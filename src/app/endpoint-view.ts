import type { AdapterSlots } from '../core/adapter-slots.ts'
import type { EndpointState } from '../core/endpoint-state.ts'
import type { Fleet } from '../core/fleet.ts'
import type { Signals } from '../core/signals.ts'
import type { EndpointSignals } from './endpoint-signals.ts'
import type { EngineWatch } from './engine-watch.ts'
import type { KvEventFeed } from './kv-event-feed.ts'
import type { TokensOfPrompts } from './tokens-of-prompts.ts'

export interface EndpointViewParts {
  readonly fleet: Fleet
  readonly signals: EndpointSignals
  readonly tokens: TokensOfPrompts
  readonly clock: () => number
}

/** An endpoint as the admin interface shows it. What is unknown is null. */
export function endpointView({ fleet, signals, tokens, clock }: EndpointViewParts, endpoint: EndpointState): object {
  endpoint.refresh(clock())
  const { id, url, role, labels, ready, draining, asleep, kvTokens, maxConcurrency } = endpoint
  return {
    id,
    url,
    rank: signals.rankOf(endpoint) ?? null,
    role,
    labels,
    models: fleet.modelsOf(id) ?? 'any',
    ready,
    draining,
    asleep,
    kvTokens,
    maxConcurrency: finite(maxConcurrency),
    signals: signalView(endpoint.signals),
    engine: engineView(signals.watchOf(endpoint), endpoint.adapters),
    prefix: prefixView(signals.feedOf(endpoint)),
    tokens: tokens.statesOf(endpoint, fleet.modelsOf(id) ?? []),
  }
}

function signalView(signals: Signals): object {
  return {
    inFlight: signals.inFlight,
    decoding: signals.decoding,
    queuedTokens: Math.round(signals.queuedTokens),
    queuedSeconds: signals.queuedSeconds,
    inFlightTokens: Math.round(signals.inFlightTokens),
    kvFill: signals.kvFill,
    idleSeconds: finite(signals.idleSeconds),
    engineWaiting: signals.engineWaiting ?? null,
    engineRunning: signals.engineRunning ?? null,
    engineWaitingTokens: signals.engineWaitingTokens ?? null,
    engineKvUsage: signals.engineKvUsage ?? null,
    foreignRequests: signals.foreignRequests ?? null,
    readingAge: signals.readingAge ?? null,
  }
}

/** Null when its engine is not asked. */
function engineView(watch: EngineWatch | undefined, { slots, held, waiting }: AdapterSlots): object | null {
  if (watch === undefined) return null
  const { reading, engine } = watch
  return {
    name: engine ?? null,
    version: reading.version ?? null,
    blockSize: reading.blockSize ?? null,
    maxModelLen: reading.maxModelLen ?? null,
    maxRunning: reading.maxRunning ?? null,
    ranks: reading.perRank?.length ?? null,
    adapters: slots === undefined && held.length === 0 ? null : { slots: slots ?? null, loaded: held, waiting },
  }
}

/** Whether its blocks are predicted or known from its events, and why. */
function prefixView(feed: KvEventFeed | undefined): object {
  if (feed === undefined) return { mode: 'predicted', reason: 'no-events', why: 'it has no kvEvents' }
  const { trust, connected, counts } = feed
  const { exact, reason, why } = trust
  return { mode: exact ? 'exact' : 'predicted', reason, why, connected, events: counts ?? null }
}

function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null
}
