import type { EngineProfile } from '../../engine/profile.ts'
import type { PromptMessage, TextRun, Workload, WorkloadRequest } from '../../workload/workload.ts'
import type { Scenario, SimulatedEndpoint } from '../scenario.ts'

/** An engine that needs a millisecond per prompt token and ten per decode step, for sums in one's head. */
export const plainProfile: EngineProfile = {
  name: 'plain',
  rates: {
    prefillBase: 0,
    prefillPerToken: 0.001,
    prefillPerPair: 0,
    decodeBase: 0.01,
    decodePerSequence: 0,
    decodePerKvToken: 0,
    overhead: 0,
  },
  kvTokens: 16_000,
  blockSize: 16,
  maxBatchedTokens: 8192,
  maxSequences: 256,
}

/** An endpoint of the plain engine that is always there. */
export function endpoint(id: string, changes: Partial<SimulatedEndpoint> = {}): SimulatedEndpoint {
  return { id, profile: plainProfile, hostTokens: 0, joinsAt: 0, leavesAt: Infinity, outages: [], ...changes }
}

/** A text of blocks of 32 tokens with these ids, the last one cut off where `tokens` says so. */
export function text(ids: readonly number[], tokens = 32 * ids.length): TextRun {
  return { ids: Uint32Array.from(ids), unit: 32, tokens }
}

/** `count` ids from `first` on. */
export function ids(first: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => first + i)
}

/** A request with a prompt of one message. */
export interface SmallRequest {
  readonly at: number
  readonly prompt: TextRun
  readonly output?: number
}

/** Single requests at recorded times. */
export function openWorkload(requests: readonly SmallRequest[]): Workload {
  const sessions = requests.map(({ at, prompt, output = 1 }, number) => ({
    id: `r${number}`,
    start: at,
    requests: [turn(`r${number}`, 0, [{ role: 'user' as const, parts: [prompt] }], output)],
  }))
  return { name: 'small', pacing: 'open', sessions, notes: [] }
}

/** One request of a session; it follows the one before it, if there is one. */
export function turn(
  session: string,
  place: number,
  messages: readonly PromptMessage[],
  outputTokens: number,
  think = 0,
): WorkloadRequest {
  return {
    id: `${session}:${place}`,
    session,
    turn: place,
    ...(place === 0 ? { offset: 0 } : {}),
    after: place === 0 ? [] : [place - 1],
    think,
    messages,
    promptTokens: messages.flatMap(({ parts }) => parts).reduce((sum, { tokens }) => sum + tokens, 0),
    outputTokens,
  }
}

/** Two plain endpoints behind one router that sees everything. */
export function scenario(workload: Workload, changes: Partial<Scenario> = {}): Scenario {
  return {
    workload,
    endpoints: [endpoint('a'), endpoint('b')],
    policy: { type: 'least-prefill-work' },
    view: { kind: 'exact' },
    routers: 1,
    seed: 1,
    warmUp: 0,
    ...changes,
  }
}
