import { createBlockCounter } from '../../src/workload/block-counter.ts'
import { createRandom } from '../../src/workload/random.ts'
import { countPromptTokens } from '../../src/workload/workload.ts'
import type { PromptMessage, Workload, WorkloadRequest } from '../../src/workload/workload.ts'

/** Requests of one client that all begin alike. Lengths are tokens, drawn once per seed between the two bounds. */
export interface OneSession {
  readonly requests: number
  readonly prefix: readonly [least: number, most: number]
  /** What follows the prefix and is different in every request; 0 for identical prompts. */
  readonly own: number
  readonly answer: number
  /** Requests the client has under way at a time. */
  readonly parallel: number
  /** Seconds between an answer and the next request. */
  readonly think: number
}

/** The one client's load. */
export function oneSession(load: OneSession, seed: number): Workload {
  const blocks = createBlockCounter()
  const random = createRandom(seed)
  const [least, most] = load.prefix
  const prefix = blocks.tokens(Math.round(least + random() * (most - least)))
  const requests = Array.from({ length: load.requests }, (_, turn): WorkloadRequest => {
    const own = load.own === 0 ? [] : [blocks.tokens(load.own)]
    const messages: PromptMessage[] = [{ role: 'user', parts: [prefix, ...own] }]
    const before = turn - load.parallel
    return {
      id: `r${turn}`,
      session: 'client',
      turn,
      after: before < 0 ? [] : [before],
      think: before < 0 ? 0 : load.think,
      messages,
      promptTokens: countPromptTokens(messages),
      outputTokens: load.answer,
    }
  })
  return { name: 'one session', pacing: 'sessions', sessions: [{ id: 'client', start: 0, requests }], notes: [] }
}
