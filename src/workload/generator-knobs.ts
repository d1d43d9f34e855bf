/** The generated workloads. */
export const workloadKinds = [
  'chat',
  'tools',
  'rag',
  'single',
  'groups',
  'hot',
  'bursts',
  'agents',
  'branches',
] as const

/** Name of a generated workload. */
export type WorkloadKind = (typeof workloadKinds)[number]

/**
 * What can be set about a generated workload. Lengths are characters, four to a token; times are milliseconds.
 * `chat` and `tools` grow a conversation turn by turn; `rag` asks separate questions about few shared documents;
 * `single` shares nothing at all. `groups` has more shared prefixes than fit into a cache, `hot` one that more and more
 * requests share, `bursts` many equal prompts at once. `agents` start sub-agents that work beside each other, `branches`
 * tries several ways from one point of a tool loop.
 */
export interface GeneratorKnobs {
  /** Conversations, or users that ask one question after the other. */
  readonly sessions: number
  /** Requests per session. */
  readonly turns: number
  /**
   * System prompt that all sessions share; for `tools`, `agents` and `branches` it includes the tool definitions. For
   * `groups` every group has one of its own, for `hot` and `bursts` every prompt that is not hot, or burst.
   */
  readonly systemLen: number
  /** Mean length of what a user writes; drawn between half and one and a half times of it. */
  readonly userLen: number
  /** Code pasted into the first message of some sessions. */
  readonly codeContextLen: number
  /** Share of the sessions that paste code, 0 to 1. */
  readonly codeShare: number
  /** Chance that an answer calls a tool and the next turn brings its result instead of a user's words, 0 to 1. */
  readonly toolProb: number
  /** Mean length of a tool's result; drawn like `userLen`. */
  readonly toolLen: number
  /** Documents that questions are about; the k-th is asked about with a weight of 1/k. */
  readonly documents: number
  readonly docLen: number
  /** Mean length of a prompt that shares nothing; drawn like `userLen`. */
  readonly promptLen: number
  /** Groups of users that share a system prompt. */
  readonly groups: number
  /** Share of the sessions that use the hot prefix in the end, 0 to 1; it grows from 0 with time. */
  readonly hotShare: number
  /** Equal prompts that come at once. */
  readonly burst: number
  /** Chance that a call of an agent starts sub-agents, or that a tool loop branches, 0 to 1. */
  readonly forkProb: number
  /** Sub-agents that start together, or ways that are tried at once. */
  readonly forks: number
  /** Requests of a sub-agent. */
  readonly agentTurns: number
  /** Sessions open at a random time up to this. */
  readonly startJitterMs: number
  /** Between an answer and the next request of the session. */
  readonly turnGapMs: number
  /** Limit of tokens to generate per answer. */
  readonly maxTokens: number
}

const chat: GeneratorKnobs = {
  sessions: 12,
  turns: 6,
  systemLen: 768,
  userLen: 80,
  codeContextLen: 1536,
  codeShare: 0.4,
  toolProb: 0.3,
  toolLen: 400,
  documents: 6,
  docLen: 8192,
  promptLen: 2048,
  groups: 20,
  hotShare: 0.5,
  burst: 16,
  forkProb: 0.3,
  forks: 3,
  agentTurns: 4,
  startJitterMs: 800,
  turnGapMs: 150,
  maxTokens: 32,
}

/** Defaults of every workload. */
export const knobDefaults: Readonly<Record<WorkloadKind, GeneratorKnobs>> = {
  chat,
  tools: { ...chat, turns: 12, systemLen: 8192, codeShare: 0, toolProb: 0.9, toolLen: 2000 },
  rag: { ...chat, sessions: 24, turns: 4 },
  single: { ...chat, sessions: 24, turns: 4 },
  groups: { ...chat, sessions: 120, turns: 2, systemLen: 24_000, userLen: 4800 },
  hot: { ...chat, sessions: 96, turns: 1, systemLen: 8192, userLen: 400 },
  bursts: { ...chat, sessions: 96, turns: 1, systemLen: 8192, userLen: 400 },
  agents: { ...chat, turns: 8, systemLen: 8192, toolLen: 2000 },
  branches: { ...chat, turns: 8, systemLen: 8192, toolLen: 2000 },
}
