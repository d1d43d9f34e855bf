/** Engines that behave differently; `openai` is any other server of that protocol. */
export type EngineName = 'vllm' | 'sglang' | 'llama-cpp' | 'tensorrt-llm' | 'tgi' | 'lmdeploy' | 'ollama' | 'openai'

/** Where an engine needs other treatment than the protocol's plain reading. */
export interface EngineQuirks {
  /** A plain answer is generated to its end although its client has left; a stream is not. */
  readonly plainOutlivesClient: boolean
  /** A stream reports its tokens when asked by `stream_options.include_usage`, and otherwise not. */
  readonly usageWhenAsked: boolean
  /** Asked for usage, it puts `usage: null` into all other events, as OpenAI documents it. */
  readonly nullsWhenAsked: boolean
  /** It leaves cached tokens out where there are none, just as where it was not told to report them. */
  readonly silentWhenUncached: boolean
  /** Where it takes `{"rid": ...}` to stop a request that named this `rid` in its body. */
  readonly abortPath: string | undefined
  /** An adapter has to be named behind its model, as `model:adapter`: its bare name would be taken for the model. */
  readonly adapterBehindModel: boolean
  /** Older releases take the data-parallel rank from the body's `routed_dp_rank` only, newer ones from the header too. */
  readonly rankInBody: boolean
}

const PLAIN: EngineQuirks = {
  plainOutlivesClient: false,
  usageWhenAsked: true,
  nullsWhenAsked: false,
  silentWhenUncached: false,
  abortPath: undefined,
  adapterBehindModel: false,
  rankInBody: false,
}

const UNKNOWN: EngineQuirks = { ...PLAIN, nullsWhenAsked: true }

const QUIRKS: Readonly<Record<EngineName, EngineQuirks>> = {
  vllm: { ...PLAIN, silentWhenUncached: true },
  // Looks for a client's leaving every 2 s only, and in a plain answer not reliably.
  sglang: {
    ...PLAIN,
    silentWhenUncached: true,
    abortPath: '/abort_request',
    adapterBehindModel: true,
    rankInBody: true,
  },
  // Measured with build b11669: a stream's slot is free 20 ms after its client left, a plain answer's not for 15 s and
  // more. The last event of a stream has `timings`, which say all that usage says.
  'llama-cpp': { ...PLAIN, plainOutlivesClient: true, usageWhenAsked: false },
  'tensorrt-llm': PLAIN,
  tgi: PLAIN,
  lmdeploy: PLAIN,
  ollama: PLAIN,
  openai: UNKNOWN,
}

/** How to treat an engine; one that is not known is treated as `openai`. */
export function engineQuirks(engine: EngineName | undefined): EngineQuirks {
  return engine === undefined ? UNKNOWN : QUIRKS[engine]
}
