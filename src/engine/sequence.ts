import type { BlockKeys } from '../prefix/block-keys.ts'

/** What the engine must know of a request. */
export interface EngineRequest {
  /**
   * Keys of the full engine blocks of the prompt followed by the answer. Where keys of the answer are missing, its
   * blocks cannot be found again.
   */
  readonly keys: BlockKeys
  /** Tokens of the prompt, at least 1. */
  readonly promptTokens: number
  /** Tokens the answer will have; 0 for work that ends with the prefill, such as an embedding. */
  readonly outputTokens: number
}

export type SequenceState = 'waiting' | 'prefilling' | 'decoding' | 'ended'

const NO_BLOCKS = new Int32Array(0)

/**
 * A request inside the engine. The engine model alone writes to it; times are in the seconds of its virtual clock, and
 * -1 until the moment has come.
 */
export class Sequence<R extends EngineRequest = EngineRequest> {
  readonly request: R
  readonly submittedAt: number
  state: SequenceState = 'waiting'
  /** When its first step began. */
  admittedAt = -1
  firstTokenAt = -1
  /** Prompt tokens found in the cache when it was first admitted. */
  cachedTokens = 0
  preemptions = 0

  /** KV blocks it references, in order. */
  blocks: Int32Array = NO_BLOCKS
  blockCount = 0
  /** Leading blocks that have been offered to the prefix cache. */
  registered = 0
  /** While it prefills: tokens in the KV cache, this step's chunk included, of `target`. */
  computed = 0
  target: number
  /** Tokens generated when it last joined the decode batch, and the number of the step that ended then. */
  joinedWith = 0
  joinedAfter = 0

  constructor(request: R, submittedAt: number) {
    this.request = request
    this.submittedAt = submittedAt
    this.target = request.promptTokens
  }
}
