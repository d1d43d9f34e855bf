/** Which endpoint each conversation is bound to: bounded, least recently used first out, forgotten when idle. */
export interface SessionTable {
  /** Id of the endpoint the session is bound to; undefined if there is none or it has been idle for too long. */
  find(session: string, now: number): string | undefined
  /** Binds the session, or renews its binding. */
  bind(session: string, endpoint: string, now: number): void
  /** Number of sessions held, expired ones included until they are cleared away. */
  size(): number
}

interface Binding {
  endpoint: string
  lastUsed: number
}

/** Expired bindings cleared away per call of `bind`: more than one, so that the table shrinks. */
const SWEEP = 4

/**
 * Creates an empty table.
 *
 * @param capacity Most sessions held at a time.
 * @param idleSeconds A session unused for longer than this is forgotten.
 */
export function createSessionTable(capacity: number, idleSeconds: number): SessionTable {
  // A Map keeps insertion order, and `bind` inserts anew: the first entry is the least recently used.
  const bindings = new Map<string, Binding>()
  const isExpired = (binding: Binding, now: number) => now - binding.lastUsed > idleSeconds

  function clearAway(now: number): void {
    let swept = 0
    for (const [session, binding] of bindings) {
      const expired = isExpired(binding, now) && swept++ < SWEEP
      if (!expired && bindings.size <= capacity) return
      bindings.delete(session)
    }
  }

  return {
    find(session, now) {
      const binding = bindings.get(session)
      return binding === undefined || isExpired(binding, now) ? undefined : binding.endpoint
    },
    bind(session, endpoint, now) {
      const binding = bindings.get(session) ?? { endpoint, lastUsed: now }
      binding.endpoint = endpoint
      binding.lastUsed = now
      bindings.delete(session)
      bindings.set(session, binding)
      clearAway(now)
    },
    size: () => bindings.size,
  }
}
