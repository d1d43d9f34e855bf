/**
 * What a load consists of, independent of how it is sent: the bench replays it over sockets, the simulator in virtual time.
 * Times are seconds, lengths are tokens. Nothing here knows about clocks or text; texts are made from block ids
 * by {@link createTextSynthesizer}, block keys from the same ids.
 */

/**
 * A stretch of text made of identified blocks. Two runs share text exactly as far as their ids agree.
 * Every block holds `unit` tokens, except that the last one ends where `tokens` is reached.
 */
export interface TextRun {
  readonly ids: Uint32Array
  readonly unit: number
  readonly tokens: number
}

/** A function call that an assistant message carries, in the OpenAI shape. */
export interface RecordedToolCall {
  readonly id: string
  readonly name: string
  /** JSON text of the arguments. */
  readonly arguments: string
}

/** One message of a prompt. */
export interface PromptMessage {
  readonly role: 'system' | 'user' | 'assistant' | 'tool'
  readonly parts: readonly TextRun[]
  /**
   * Index (in the session) of the request whose real answer takes the place of `parts`.
   * Where no real answer exists, as in the simulator or after a failure, `parts` stands in for it.
   */
  readonly answerOf?: number
  readonly toolCall?: RecordedToolCall
  readonly toolCallId?: string
}

/** One request to an engine. */
export interface WorkloadRequest {
  /** Unique in the workload and the same for every arm that replays it. */
  readonly id: string
  /** The conversation as a router would see it; a sub-agent has its own. */
  readonly session: string
  /** Position in that conversation, from 0. */
  readonly turn: number
  /** Seconds after the session's start at which the request was recorded; absent when it only follows others. */
  readonly offset?: number
  /** Indices (in the session, all smaller than the own one) of the requests that must have ended before. */
  readonly after: readonly number[]
  /** Seconds between the end of those requests and this one. */
  readonly think: number
  readonly messages: readonly PromptMessage[]
  readonly promptTokens: number
  /** Tokens to generate: recorded ones for a trace, the limit for a generator. */
  readonly outputTokens: number
}

/** Requests that depend on each other: a conversation with its sub-agents, or a single request. */
export interface WorkloadSession {
  readonly id: string
  /** Seconds from the start of the workload at which the session opens. */
  readonly start: number
  readonly requests: readonly WorkloadRequest[]
}

/**
 * How sessions are paced.
 * - `open`: every request at its recorded time, whatever happened to earlier ones
 * - `sessions`: every session opens at its time, inside it a request follows its predecessors after the think time
 * - `closed`: a fixed number of sessions at once; the next one opens when one has ended
 */
export type Pacing = 'open' | 'sessions' | 'closed'

/** A complete load. */
export interface Workload {
  readonly name: string
  /** The pacing that fits where the load comes from. */
  readonly pacing: Pacing
  readonly sessions: readonly WorkloadSession[]
  /** Assumptions and omissions a reader of results must know. */
  readonly notes: readonly string[]
}

/** Tokens of a prompt, without whatever a chat template adds. */
export function countPromptTokens(messages: readonly PromptMessage[]): number {
  let tokens = 0
  for (const message of messages) for (const run of message.parts) tokens += run.tokens
  return tokens
}

/** Number of requests in a workload. */
export function countRequests(workload: Workload): number {
  return workload.sessions.reduce((sum, session) => sum + session.requests.length, 0)
}

/** A run of one block, for texts whose inside is never shared in part. */
export function singleRun(id: number, tokens: number): TextRun {
  return { ids: Uint32Array.of(id), unit: Math.max(1, tokens), tokens }
}
