import type { EngineName } from '../signals/metrics/engine-table.ts'

/** What to change in an engine's start so that a router can work with it. Undefined: the engine has nothing to change. */
export interface EngineAdvice {
  /** Prefix caching is off. */
  readonly prefixCaching: string | undefined
  /** Cached tokens are not reported in answers. */
  readonly cachedTokens: string | undefined
  /** KV events are not published. */
  readonly kvEvents: string | undefined
  /** It publishes, but answers no request for what was missed. */
  readonly replay: string | undefined
  /** Idle connections are closed early. */
  readonly keepAlive: string | undefined
  /** Its own limit on waiting requests, for the note about overload. */
  readonly overload: string
}

/** Each data-parallel rank adds its number to both ports, so there is room for a hundred between them. */
const EVENTS = '"publisher":"zmq","endpoint":"tcp://*:5557","replay_endpoint":"tcp://*:5657"'
const NO_LIMIT = 'it queues without a limit: set maxConcurrency for the endpoint to refuse in the router'

const OPENAI: EngineAdvice = {
  prefixCaching: undefined,
  cachedTokens: undefined,
  kvEvents: undefined,
  replay: undefined,
  keepAlive: undefined,
  overload: 'how it refuses is not known',
}

/** Flags as of autumn 2026. */
const ADVICE: Readonly<Record<EngineName, EngineAdvice>> = {
  vllm: {
    prefixCaching: 'start it without --no-enable-prefix-caching, or with --enable-prefix-caching on old releases',
    cachedTokens: 'start it with --enable-prompt-tokens-details',
    kvEvents: `start it with --kv-events-config '{"enable_kv_cache_events":true,${EVENTS}}'`,
    replay: 'add "replay_endpoint":"tcp://*:5657" to --kv-events-config and give --kv-events-replay',
    keepAlive: 'set VLLM_HTTP_TIMEOUT_KEEP_ALIVE to more seconds',
    overload: 'it queues without a limit unless started with --max-num-queued-reqs, then it answers 503',
  },
  sglang: {
    prefixCaching: 'start it without --disable-radix-cache',
    cachedTokens: 'start it with --enable-cache-report',
    kvEvents: `start it with --kv-events-config '{${EVENTS}}'`,
    replay: 'add "replay_endpoint":"tcp://*:5657" to --kv-events-config and give --kv-events-replay',
    keepAlive: 'set SGLANG_TIMEOUT_KEEP_ALIVE to more seconds',
    overload: NO_LIMIT,
  },
  'llama-cpp': {
    ...OPENAI,
    prefixCaching: 'start it without --no-cache-prompt; requests may not carry "cache_prompt": false either',
    overload:
      'with all slots busy it queues without a limit: set maxConcurrency for the endpoint to refuse in the router',
  },
  'tensorrt-llm': {
    ...OPENAI,
    prefixCaching: 'set kv_cache_config.enable_block_reuse: true in its options',
    kvEvents:
      'set kv_cache_config.event_buffer_max_size in its options, and kvEvents.address: pull in the router, which then ' +
      'fetches them; or kv_cache_config.kv_events_config there, if your trtllm-serve starts with it: not every release ' +
      'takes it, and those that do need the PyTorch backend and its V2 cache manager',
    replay: 'add replay_endpoint to kv_cache_config.kv_events_config and give --kv-events-replay',
    overload: NO_LIMIT,
  },
  lmdeploy: { ...OPENAI, prefixCaching: 'start it with --enable-prefix-caching', overload: NO_LIMIT },
  tgi: { ...OPENAI, overload: 'it answers 429 ("overloaded") when too many requests are at hand' },
  ollama: { ...OPENAI, overload: 'it answers 503 when OLLAMA_MAX_QUEUE (512) requests wait' },
  openai: OPENAI,
}

/** What to change in an engine's start; for an unknown engine nothing is known. */
export function adviceFor(engine: EngineName | undefined): EngineAdvice {
  return ADVICE[engine ?? 'openai']
}
