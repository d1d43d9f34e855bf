import { z } from 'zod'
import { PROMPTS } from './settings.ts'

/** What came of one request. */
export const requestResult = z.object({
  /** When it was sent, in seconds since the first one. */
  sent: z.number(),
  /** HTTP status, 0 when the connection broke before an answer. */
  status: z.int(),
  /** Whether the answer came to its end. */
  complete: z.boolean(),
  /** What was wrong, empty for a complete answer. */
  problem: z.string(),
  endpoint: z.string(),
  /** Tokens the router believed to be cached there when it decided. */
  matched: z.number(),
  /** Tokens the engine found cached, and tokens of the prompt by its count. */
  cached: z.number(),
  prompt: z.number(),
})

export type RequestResult = z.output<typeof requestResult>

/** What came of one run. */
export const armResult = z.object({
  prompts: z.enum(PROMPTS),
  /** By how much engines and arrivals were faster than recorded. */
  speed: z.number(),
  requests: z.array(requestResult),
  /** Seconds since the first request at which engines were killed, and at which the last one listened again. */
  killed: z.number().optional(),
  back: z.number().optional(),
  /** Attempts of each request as the router's log has them, by count. */
  attempts: z.record(z.string(), z.int()),
  /** Messages of KV events by what became of them, as the router's metrics have it. */
  messages: z.record(z.string(), z.number()),
  /** How long a request could wait for its tokens, as the router's configuration had it. */
  deadline: z.string(),
  /** Prompts of text by what came of the search for their tokens. */
  tokenized: z.record(z.string(), z.number()),
  /** Seconds that they waited for it in all, and how many waited no longer than the router's own default. */
  tokenizing: z.number(),
  soon: z.number(),
  /** Whose word counted for each endpoint at the end. */
  modes: z.record(z.string(), z.string()),
  /** How late the client sent requests at most, in seconds. */
  lag: z.number(),
})

export type ArmResult = z.output<typeof armResult>
