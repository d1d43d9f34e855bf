/** How grave a finding is: all is well; worth knowing; something to repair. */
export type Level = 'ok' | 'note' | 'problem'

/** One thing that a check found out. */
export interface Finding {
  readonly level: Level
  /** A stable name for programs, such as `prefix-cache.off`. */
  readonly code: string
  /** What was found, in plain words. */
  readonly text: string
  /** What to do, where there is something: with the engine's own flag. */
  readonly advice?: string
}

/** All is well. */
export function ok(code: string, text: string): Finding {
  return { level: 'ok', code, text }
}

/** Worth knowing. */
export function note(code: string, text: string, advice?: string): Finding {
  return { level: 'note', code, text, ...(advice === undefined ? {} : { advice }) }
}

/** Something to repair. */
export function problem(code: string, text: string, advice: string): Finding {
  return { level: 'problem', code, text, advice }
}
