import { z } from 'zod'

/** An entry of a session: a call, a marker of a sub-agent with nested `requests`, or both. */
export interface AgentEntry {
  /** Seconds since the session's start; in a sub-agent since the marker's `t` or since the session's start. */
  readonly t: number
  readonly type?: string | undefined
  readonly in?: number | undefined
  readonly out?: number | undefined
  readonly hash_ids?: number[] | undefined
  /** Seconds between the previous answer and this request. */
  readonly think_time?: number | undefined
  /** Seconds the original service took. */
  readonly api_time?: number | undefined
  readonly requests?: AgentEntry[] | undefined
}

const entrySchema: z.ZodType<AgentEntry> = z.lazy(() =>
  z.object({
    t: z.number(),
    type: z.string().optional(),
    in: z.int().nonnegative().optional(),
    out: z.int().nonnegative().optional(),
    hash_ids: z.array(z.int()).optional(),
    think_time: z.number().optional(),
    api_time: z.number().optional(),
    requests: z.array(entrySchema).optional(),
  }),
)

/** One session of a coding agent as github.com/callanjfox/kv-cache-tester publishes it (`traces/*.json`). */
export const agentSessionSchema = z.object({
  id: z.string(),
  models: z.array(z.string()).default([]),
  block_size: z.int().positive(),
  hash_id_scope: z.enum(['local', 'global']).default('local'),
  tool_tokens: z.int().nonnegative().default(0),
  system_tokens: z.int().nonnegative().default(0),
  requests: z.array(entrySchema).min(1),
})

/** A parsed session file. */
export type AgentSession = z.infer<typeof agentSessionSchema>

/** What a reader of an error should know about the format. */
export const AGENT_SESSION_EXPECTED =
  'a JSON object with id, block_size, tool_tokens, system_tokens and requests[] of t, in, out, hash_ids'
