/** What the page is made with. Times are wall seconds. */
export const TRACE = '../shared/traces/mooncake/conversation_trace.jsonl'
export const MODEL = 'simulated'
/** Engines and requests, unless the command line says otherwise. */
export const ENGINES = 8
export const REQUESTS = 1500
/** Tokens that one engine's KV cache holds, and tokens of a block. */
export const KV_TOKENS = '1M'
export const BLOCK = 16
/** Tokens of the trace's blocks; all its prompts share the first one. */
export const TRACE_BLOCK = 512
export const SEED = 1
/** Requests that are sent in other words beforehand, all at once. */
export const WARM_UP = 32

/** Of the engines killed in the run with faults: which, after which share of the requests, and for how long. */
export const KILLED: readonly number[] = [1, 5]
export const KILLED_AFTER = 0.4
export const DOWN_SECONDS = 3
export const EVENT_DROP = 0.05

export const BIN_SECONDS = 2
/** Bins are listed from so long before the kill until so long after the return. */
export const LISTED_BEFORE = 10
export const LISTED_AFTER = 40
/** Equality is back when so many bins in a row reach the target. */
export const CALM_BINS = 5
/** What is off by so many tokens at most is near: about two of the blocks of bytes in which the router predicts. */
export const NEAR_TOKENS = 128
export const TARGET_SHARE = 0.99
export const TARGET_RECOVERY = 10

/** As what prompts are sent. */
export const PROMPTS = ['chat', 'ids'] as const
export type PromptsName = (typeof PROMPTS)[number]
/** How long requests may wait for their tokens at most: so long that a busy machine does not decide what comes out. */
export const DEADLINE = '10s'
/** The router's own default, in seconds. */
export const DEFAULT_DEADLINE = 0.02
/** The engines' limit; text has not exactly as many tokens as the trace says. */
export const MAX_MODEL_LEN = '262144'

/**
 * By how much engines and arrivals are faster than they were recorded. Nine processes tokenize chats, which this machine does
 * in time only when they come as they were recorded.
 */
export const SPEEDS: Readonly<Record<PromptsName, number>> = { chat: 1, ids: 4 }

/** What all runs of a page are made with. */
export interface Scale {
  readonly requests: number
  readonly engines: number
  readonly speed: number
  /** How long a request may wait for its tokens, as the router's configuration has it. */
  readonly deadline: string
}

/** One run: a fresh fleet and a fresh router. */
export type ArmName = 'exact' | 'predicted' | 'faults'
export const ARMS: readonly ArmName[] = ['exact', 'predicted', 'faults']
