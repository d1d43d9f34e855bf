/** The generated workloads. */
export const workloadKinds = ['chat', 'tools', 'rag', 'single'] as const

/** Name of a generated workload. */
export type WorkloadKind = (typeof workloadKinds)[number]

/**
 * What can be set about a generated workload. Lengths are characters, four to a token; times are milliseconds.
 * `chat` and `tools` grow a conversation turn by turn; `rag` asks separate questions about few shared documents;
 * `single` shares nothing at all.
 */
export interface GeneratorKnobs {
  /** Conversations, or users that ask one question after the other. */
  readonly sessions: number
  /** Requests per session. */
  readonly turns: number
  /** System prompt that all sessions share; for `tools` it includes the tool definitions. */
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
}
