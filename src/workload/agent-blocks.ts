import type { AgentEntry, AgentSession } from './agent-trace-schema.ts'
import type { TextRun } from './workload.ts'

/** Gives the ids of all sessions of a trace one numbering; see {@link createAgentBlocks}. */
export interface AgentBlocks {
  /** Starts a session; the function it returns makes the prompt of one of its calls. */
  session(session: AgentSession): (ids: readonly number[], tokens: number) => TextRun
}

/**
 * Maps the block ids of coding-agent sessions into one space.
 *
 * Ids with scope `local` mean something inside their session only, so nothing is shared between sessions except the
 * part at the front. Assumed there, because the files hold counts and no text: sessions for the same model with equal
 * `tool_tokens` have the same tool definitions, and those with equal `tool_tokens` and equal `system_tokens` have the
 * same system prompt too. Blocks that lie wholly inside the tools are shared by the first rule, later ones up to the
 * end of the system prompt by the second. The front is what the session's first call long enough to hold it starts with;
 * if the session later changes its tools, the changed blocks have new ids and are its own. Sub-agents share with their
 * own session by id and with no other one. With scope `global` equal ids are shared everywhere, as the files say.
 */
export function createAgentBlocks(): AgentBlocks {
  const shared = new Map<string, number>()
  let next = 0
  const sharedId = (key: string): number => {
    const known = shared.get(key)
    if (known !== undefined) return known
    shared.set(key, next)
    return next++
  }
  const global = new Map<number, number>()
  return {
    session(session) {
      const local = session.hash_id_scope === 'global' ? global : new Map<number, number>()
      if (session.hash_id_scope === 'local') {
        for (const [id, key] of frontKeys(session)) local.set(id, sharedId(key))
      }
      return (ids, tokens) => {
        const blocks = Math.ceil(tokens / session.block_size)
        const run = new Uint32Array(blocks)
        for (let i = 0; i < blocks; i++) {
          const id = ids[i]
          const known = id === undefined ? undefined : local.get(id)
          run[i] = known ?? next
          if (known === undefined) {
            if (id !== undefined) local.set(id, next)
            next++
          }
        }
        return { ids: run, unit: session.block_size, tokens }
      }
    },
  }
}

/** The ids at the front of a session, each with what identifies its text across sessions. */
function frontKeys(session: AgentSession): [number, string][] {
  const size = session.block_size
  const front = session.tool_tokens + session.system_tokens
  const first = session.requests.find((entry) => (entry.in ?? 0) >= front)
  const ids = first?.hash_ids ?? []
  const model = session.models.join(',')
  const keys: [number, string][] = []
  for (let k = 0; (k + 1) * size <= front && k < ids.length; k++) {
    const owner =
      (k + 1) * size <= session.tool_tokens
        ? `tools ${session.tool_tokens}`
        : `system ${session.tool_tokens} ${session.system_tokens}`
    const id = ids[k]
    if (id !== undefined) keys.push([id, `${model} ${size} ${owner} ${k}`])
  }
  return keys
}

/** Whether an entry is a call to an engine, and not only the marker of a sub-agent. */
export function isCall(entry: AgentEntry): boolean {
  return entry.in !== undefined && entry.hash_ids !== undefined
}
