import type { ReportedUsage } from '../core/outcome.ts'

/** What is known of an answer once its last byte has passed. */
export interface AnswerSummary {
  /**
   * Streamed events that carry content, the first one included: about one per output token, for where no usage is
   * reported. 0 where the answer is no event stream.
   */
  readonly events: number
  readonly usage: ReportedUsage | undefined
  /**
   * False when the answer stopped short of the end its own protocol marks, however cleanly the connection closed. An
   * engine that reports an error may still end its stream properly.
   */
  readonly finished: boolean
}
