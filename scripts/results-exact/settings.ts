/** What the page is made with. Times are wall seconds. */
export const TRACE = '../shared/traces/mooncake/conversation_trace.jsonl'
export const MODEL = 'simulated'
export const ENGINES = 8
/** Tokens that one engine's KV cache holds, and tokens of a block. */
export const KV_TOKENS = '1M'
export const BLOCK = 16
/** Tokens of the trace's blocks; all its prompts share the first one. */
export const TRACE_BLOCK = 512
/** By how much engines and arrivals are faster than they were recorded. */
export const SPEED = 4
export const REQUESTS = 1500
export const SEED = 1
/** Requests that are sent in other words beforehand, all at once. */
export const WARM_UP = 32

/** Of the engines killed in the run with faults: which, after which share of the requests, and for how long. */
export const KILLED: readonly number[] = [1, 5]
export const KILLED_AFTER = 0.4
export const DOWN_SECONDS = 3
export const EVENT_DROP = 0.05

export const BIN_SECONDS = 2
/** Equality is back when so many bins in a row reach the target. */
export const CALM_BINS = 5
export const TARGET_SHARE = 0.99
export const TARGET_RECOVERY = 10

/** One run: a fresh fleet and a fresh router. */
export type ArmName = 'exact' | 'predicted' | 'faults'
export const ARMS: readonly ArmName[] = ['exact', 'predicted', 'faults']
