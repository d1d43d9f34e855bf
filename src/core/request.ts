import type { BlockKeys } from '../prefix/block-keys.ts'

/** A request as the scheduler sees it: what is asked, never how it came in. */
export interface SchedulingRequest {
  readonly id: string
  /** Model name after aliases. */
  readonly model: string
  /** Chained keys of the prompt's full blocks. */
  readonly blocks: BlockKeys
  /** Tokens in one block of `blocks`; an estimate unless the prompt came as token ids. */
  readonly tokensPerBlock: number
  /** Tokens of the whole prompt; an estimate unless it came as token ids or was tokenized. */
  readonly promptTokens: number
  /** Characters (bytes) of the prompt's text. */
  readonly promptBytes: number
  /** Tokens the answer is expected to have. */
  readonly outputTokens: number
  /** True when the first token can be observed, i.e. the answer is streamed. */
  readonly streamed: boolean
  /** Conversation or user the request belongs to, from its body. */
  readonly session: string | undefined
  readonly clientAddress: string
  /** A request header by its lower-case name. */
  header(name: string): string | undefined
}
