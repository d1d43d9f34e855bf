import type { AdapterState } from './adapter-slots.ts'

/**
 * What is measured about an endpoint at the moment of a decision. The ledger and the prefix index keep every value
 * up to date; a plugin names the ones it uses in `reads`.
 */
export interface Signals {
  /** Requests this router has leased to the endpoint and that have not ended. */
  inFlight: number
  /** Of those, requests whose first token has been seen. */
  decoding: number
  /** Prompt tokens leased to the endpoint that it still has to compute. */
  queuedTokens: number
  /** The same work in seconds, by the endpoint's rates. */
  queuedSeconds: number
  /** Prompt and expected output tokens of all requests in flight. */
  inFlightTokens: number
  /** Leading tokens of this request's prompt that the endpoint is believed to hold in its KV cache. */
  matchedTokens: number
  /** Share of the endpoint's KV capacity that is filled with known blocks, 0 to 1. */
  kvFill: number
  /** Seconds since a request was last sent to the endpoint; Infinity if none ever was. */
  idleSeconds: number
  /** Requests in the engine's queue, by its own word. This and what follows is undefined while it is unknown. */
  engineWaiting: number | undefined
  /** Requests in the engine's batch. */
  engineRunning: number | undefined
  /** Prompt tokens of the requests in the engine's queue that are not in its prefix cache. */
  engineWaitingTokens: number | undefined
  /** Share of the KV cache that running requests hold, 0 to 1. */
  engineKvUsage: number | undefined
  /** Requests at the engine that this router did not send: waiting and running less its own in flight, when it was read. */
  foreignRequests: number | undefined
  /** Seconds since the engine was asked for the load above. */
  readingAge: number | undefined
  /**
   * Seconds since what is in flight, decoding, queued and filled was read. The router keeps it itself, so that it is 0,
   * whoever else sends requests there (`foreignRequests` counts theirs); more only for a simulated router that polls.
   */
  loadAge: number
  /** Observed over configured time of prefill work: 2 is twice as slow; undefined until observed. */
  prefillFactor: number | undefined
  /** The same for decoding. */
  decodeFactor: number | undefined
  /** Where the adapter (LoRA) of this request stands; undefined where it needs none, and while it is unknown. */
  adapterState: AdapterState | undefined
  /** Mean deviation of the predicted time to the first token, as a share of the observed one; undefined until observed. */
  predictionError: number | undefined
}

export type SignalName = keyof Signals

/** The names of all signals. */
export const SIGNAL_NAMES = [
  'inFlight',
  'decoding',
  'queuedTokens',
  'queuedSeconds',
  'inFlightTokens',
  'matchedTokens',
  'kvFill',
  'idleSeconds',
  'loadAge',
  'prefillFactor',
  'decodeFactor',
  'predictionError',
  'adapterState',
  'engineWaiting',
  'engineRunning',
  'engineWaitingTokens',
  'engineKvUsage',
  'foreignRequests',
  'readingAge',
] as const satisfies readonly SignalName[]

/** The signals of an endpoint nobody has used yet. */
export function idleSignals(): Signals {
  return {
    inFlight: 0,
    decoding: 0,
    queuedTokens: 0,
    queuedSeconds: 0,
    inFlightTokens: 0,
    matchedTokens: 0,
    kvFill: 0,
    idleSeconds: Number.POSITIVE_INFINITY,
    engineWaiting: undefined,
    engineRunning: undefined,
    engineWaitingTokens: undefined,
    engineKvUsage: undefined,
    foreignRequests: undefined,
    readingAge: undefined,
    loadAge: 0,
    prefillFactor: undefined,
    decodeFactor: undefined,
    predictionError: undefined,
    adapterState: undefined,
  }
}
