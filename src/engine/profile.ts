import type { StepRates } from '../core/rates.ts'

/** A model on a GPU as the simulated engine sees it: what a step costs and what fits. */
export interface EngineProfile {
  readonly name: string
  readonly rates: StepRates
  /**
   * Seconds of a decode step's linear layers at batch 1, 2, 4, ...; replaces `decodeBase` and `decodePerSequence`
   * where a line fits badly: a mixture of experts wakes more experts with every sequence, until all are awake.
   */
  readonly decodeTable?: readonly number[]
  /** Tokens the KV cache holds. */
  readonly kvTokens: number
  /** Tokens of one KV block. */
  readonly blockSize: number
  /** Tokens a step may prefill and decode together. */
  readonly maxBatchedTokens: number
  /** Sequences that may run at once. */
  readonly maxSequences: number
}
