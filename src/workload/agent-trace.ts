import { createAgentBlocks, isCall } from './agent-blocks.ts'
import { AGENT_SESSION_EXPECTED, agentSessionSchema } from './agent-trace-schema.ts'
import type { AgentEntry, AgentSession } from './agent-trace-schema.ts'
import { checkTraceValue, parseTraceJson } from './parse-json.ts'
import { TraceError } from './trace-error.ts'
import type { TextRun, Workload, WorkloadRequest, WorkloadSession } from './workload.ts'

/** Text of one session with where it stands, for messages. */
export interface AgentTraceSource {
  readonly file: string
  readonly line?: number
  readonly text: string
}

interface Draft {
  readonly source: AgentTraceSource
  readonly session: AgentSession
  readonly prompt: (ids: readonly number[], tokens: number) => TextRun
  readonly requests: WorkloadRequest[]
}

/**
 * Reads sessions of a coding agent. A call follows the previous one of its conversation after the recorded think time;
 * sub-agents start together when the call before them has ended, run beside each other as conversations of their own,
 * and the main conversation goes on when all of them have ended.
 * @throws TraceError
 */
export function parseAgentTrace(sources: readonly AgentTraceSource[]): Workload {
  const blocks = createAgentBlocks()
  const sessions: WorkloadSession[] = []
  for (const source of sources) {
    const value = parseTraceJson(source.text, source.file, source.line, AGENT_SESSION_EXPECTED)
    const session = checkTraceValue(agentSessionSchema, value, source.file, source.line, AGENT_SESSION_EXPECTED)
    const draft: Draft = { source, session, prompt: blocks.session(session), requests: [] }
    addConversation(draft, session.requests, session.id, [], 0)
    sessions.push({ id: session.id, start: 0, requests: draft.requests })
  }
  return {
    name: 'coding-agents',
    pacing: 'sessions',
    sessions,
    notes: [
      'sessions with equal model and tool_tokens are assumed to share their tool definitions, ' +
        'with equal system_tokens also their system prompt; nothing else is shared between sessions',
    ],
  }
}

/** Adds a conversation to the draft and returns the indices of the requests that end it. */
function addConversation(
  draft: Draft,
  entries: readonly AgentEntry[],
  conversation: string,
  after: readonly number[],
  origin: number,
): readonly number[] {
  let heads = after
  let previous: AgentEntry | undefined
  let agents: number[] = []
  let turn = 0
  let agentCount = 0
  for (const entry of entries) {
    if (isCall(entry)) {
      const index = draft.requests.length
      draft.requests.push(toRequest(draft, entry, previous, conversation, turn++, [...heads, ...agents], origin))
      heads = [index]
      agents = []
      previous = entry
    }
    if (entry.requests !== undefined) {
      const nestedOrigin = origin + nestedOffset(entry)
      agents.push(...addConversation(draft, entry.requests, `${conversation}/a${agentCount++}`, heads, nestedOrigin))
    }
    if (!isCall(entry) && entry.requests === undefined) {
      throw new TraceError(
        draft.source.file,
        draft.source.line,
        `request at t=${entry.t} of ${conversation}: expected in and hash_ids, or nested requests; found neither`,
      )
    }
  }
  return agents.length > 0 ? agents : heads
}

/**
 * Publishers count the times of a sub-agent from its marker or from the session's start. A first time that lies before
 * the marker can only mean the former.
 */
function nestedOffset(marker: AgentEntry): number {
  const first = marker.requests?.[0]?.t ?? 0
  return first < marker.t ? marker.t : 0
}

function toRequest(
  draft: Draft,
  entry: AgentEntry,
  previous: AgentEntry | undefined,
  conversation: string,
  turn: number,
  after: readonly number[],
  origin: number,
): WorkloadRequest {
  const tokens = entry.in ?? 0
  const ids = entry.hash_ids ?? []
  checkIds(draft, entry, ids.length, tokens)
  return {
    id: `${conversation}:${turn}`,
    session: conversation,
    turn,
    offset: origin + entry.t,
    after,
    think: thinkTime(entry, previous),
    messages: [{ role: 'user', parts: [draft.prompt(ids, tokens)] }],
    promptTokens: tokens,
    outputTokens: Math.max(1, entry.out ?? 1),
  }
}

/** The recorded think time, else what remains between two requests when the service's own time is taken off. */
function thinkTime(entry: AgentEntry, previous: AgentEntry | undefined): number {
  if (entry.think_time !== undefined) return Math.max(0, entry.think_time)
  return previous === undefined ? 0 : Math.max(0, entry.t - previous.t - (previous.api_time ?? 0))
}

/** Ids may leave out the last, partial block; more ids than the prompt has blocks cannot be. */
function checkIds(draft: Draft, entry: AgentEntry, count: number, tokens: number) {
  const size = draft.session.block_size
  if (count === Math.floor(tokens / size) || count === Math.ceil(tokens / size)) return
  throw new TraceError(
    draft.source.file,
    draft.source.line,
    `request at t=${entry.t}: in ${tokens} has ${Math.floor(tokens / size)} whole blocks of ${size} tokens ` +
      `(block_size), found ${count} hash_ids`,
  )
}
