import type { GeneratorKnobs, WorkloadKind } from '../../src/workload/generator-knobs.ts'

/**
 * A load, as data. What is sent grows with the number of endpoints, so that each endpoint gets the same load in every
 * fleet; counts are per endpoint, speeds per eight.
 */
export type LoadCase =
  /** Requests at recorded times. */
  | {
      readonly kind: 'trace'
      readonly name: string
      readonly path: string
      readonly requestsPerEndpoint: number
      /** Factor on the recorded speed, for eight endpoints. */
      readonly speedPer8: number
      /** Requests at the beginning that are left out. */
      readonly skip?: number
    }
  /** So many sessions of a trace at once, each turn after the end of the one before and the recorded think time. */
  | {
      readonly kind: 'closed-trace'
      readonly name: string
      readonly path: string
      readonly sessionsPerEndpoint: number
      /** Sessions at once per endpoint. */
      readonly concurrency: number
      /** Requests at most that are taken of a session. */
      readonly turns: number
      /** Sessions end before the first prompt of more tokens. */
      readonly maxPrompt: number
    }
  /** Several generators beside each other, with answers of very different lengths; see `mixture-workload.ts`. */
  | { readonly kind: 'mixture'; readonly name: string; readonly parts: readonly GeneratorCase[] }
  | GeneratorCase

/** Sessions that open at random times over a period. */
export interface GeneratorCase {
  readonly kind: 'generator'
  readonly name: string
  readonly workload: WorkloadKind
  readonly sessionsPerEndpoint: number
  /** Seconds over which the sessions open. */
  readonly period: number
  readonly knobs: Partial<Omit<GeneratorKnobs, 'sessions' | 'startJitterMs'>>
}

/** The real traces, as in `shared/traces/README.md`. */
export const TRACES = {
  conversation: '../shared/traces/mooncake/conversation_trace.jsonl',
  agents: '../shared/traces/coding-agents',
} as const

function conversation(speedPer8: number): LoadCase {
  const name = `conversation-x${speedPer8}`
  return { kind: 'trace', name, path: TRACES.conversation, requestsPerEndpoint: 250, speedPer8 }
}

function codingAgents(name: string, concurrency: number, sessionsPerEndpoint: number): LoadCase {
  return {
    kind: 'closed-trace',
    name: `coding-agents-${name}`,
    path: TRACES.agents,
    sessionsPerEndpoint,
    concurrency,
    turns: 10,
    maxPrompt: 250_000,
  }
}

/** Every load of the page. Lengths of generated ones are characters, four to a token; times there are milliseconds. */
export const CASES: readonly LoadCase[] = [
  conversation(1),
  conversation(1.5),
  conversation(2),
  codingAgents('light', 2, 4),
  codingAgents('well', 4, 6),
  codingAgents('full', 8, 10),
  {
    kind: 'generator',
    name: 'chat',
    workload: 'chat',
    sessionsPerEndpoint: 36,
    period: 45,
    knobs: {
      turns: 6,
      systemLen: 8000,
      userLen: 1200,
      codeContextLen: 24_000,
      toolLen: 8000,
      turnGapMs: 5000,
      maxTokens: 200,
    },
  },
  {
    kind: 'generator',
    name: 'tools',
    workload: 'tools',
    sessionsPerEndpoint: 21,
    period: 80,
    knobs: { turns: 10, systemLen: 24_000, userLen: 1200, toolLen: 8000, turnGapMs: 2000, maxTokens: 150 },
  },
  {
    kind: 'generator',
    name: 'rag',
    workload: 'rag',
    sessionsPerEndpoint: 52,
    period: 70,
    knobs: { turns: 4, systemLen: 4000, documents: 200, docLen: 48_000, userLen: 800, turnGapMs: 4000, maxTokens: 200 },
  },
  {
    kind: 'generator',
    name: 'single',
    workload: 'single',
    sessionsPerEndpoint: 52,
    period: 105,
    knobs: { turns: 4, promptLen: 24_000, turnGapMs: 4000, maxTokens: 200 },
  },
  {
    kind: 'generator',
    name: 'groups',
    workload: 'groups',
    sessionsPerEndpoint: 105,
    period: 70,
    knobs: { turns: 2, groups: 150, systemLen: 24_000, userLen: 4800, turnGapMs: 4000, maxTokens: 250 },
  },
  {
    kind: 'generator',
    name: 'hot',
    workload: 'hot',
    sessionsPerEndpoint: 200,
    period: 95,
    knobs: { turns: 1, systemLen: 24_000, userLen: 4000, hotShare: 0.8, maxTokens: 200 },
  },
  {
    kind: 'generator',
    name: 'bursts',
    workload: 'bursts',
    sessionsPerEndpoint: 200,
    period: 57,
    knobs: { turns: 1, systemLen: 24_000, userLen: 4000, burst: 24, maxTokens: 200 },
  },
  {
    kind: 'generator',
    name: 'agents',
    workload: 'agents',
    sessionsPerEndpoint: 9,
    period: 42,
    knobs: { turns: 8, systemLen: 24_000, userLen: 2000, toolLen: 8000, turnGapMs: 1000, maxTokens: 150 },
  },
  {
    kind: 'generator',
    name: 'branches',
    workload: 'branches',
    sessionsPerEndpoint: 17,
    period: 75,
    knobs: { turns: 8, systemLen: 24_000, userLen: 2000, toolLen: 8000, turnGapMs: 1000, maxTokens: 150 },
  },
]
