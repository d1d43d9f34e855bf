import { createBlockCounter } from '../../src/workload/block-counter.ts'
import type { BlockCounter } from '../../src/workload/block-counter.ts'
import { createRandom } from '../../src/workload/random.ts'
import type { Random } from '../../src/workload/random.ts'
import { countPromptTokens } from '../../src/workload/workload.ts'
import type { PromptMessage, TextRun, Workload, WorkloadRequest, WorkloadSession } from '../../src/workload/workload.ts'

/** Which lengths prompts and answers have: short, long, or as in ShareGPT. */
export type Scenario = 'A' | 'B' | 'C'

/**
 * What prompts consist of behind the two sentences that all of them share: `one-text`, always the beginning of the same
 * text, as the load generator is written; `text-per-user`, the beginning of a text that each user has; `templates`, one
 * of sixteen templates for half of the prompt, then words of their own; `nothing-shared`, words of their own.
 */
export type Texts = 'one-text' | 'text-per-user' | 'templates' | 'nothing-shared'

/** Users who send one request after the other. */
export interface Users {
  readonly scenario: Scenario
  readonly texts: Texts
  readonly users: number
  /** Seconds after which nobody sends any more. */
  readonly seconds: number
}

/** Tokens of the two sentences in front of every prompt. */
export const COMMON_TOKENS = 23
const LONGEST = 2048
const TEMPLATES = 16
/** Texts that are shared: as many as there are users at most. */
const MOST_TEXTS = 256
const SPAWNED_PER_SECOND = 2
/** No answer comes sooner, so nobody sends more requests than this per second. */
const MOST_PER_SECOND = 1

/** The text of a user's prompt of so many tokens. */
type TextOf = (tokens: number, user: number) => TextRun[]

/** Locust's users: two more every second, each waits 0.1 to 0.5 s between an answer and the next request. */
export function usersLoad(load: Users, seed: number): Workload {
  const blocks = createBlockCounter()
  const random = createRandom(seed)
  const textOf = createTexts(load.texts, blocks, random)
  const sessions = Array.from({ length: load.users }, (_, user): WorkloadSession => {
    const start = user / SPAWNED_PER_SECOND
    const count = Math.ceil((load.seconds - start) * MOST_PER_SECOND)
    const requests = Array.from({ length: count }, (_, turn) => request(load.scenario, user, turn, textOf, random))
    return { id: `u${user}`, start, requests }
  })
  return { name: 'mini-llm-d', pacing: 'sessions', sessions, notes: [] }
}

function request(scenario: Scenario, user: number, turn: number, textOf: TextOf, random: Random): WorkloadRequest {
  const [tokens, outputTokens] = lengths(scenario, random)
  const messages: PromptMessage[] = [{ role: 'user', parts: textOf(tokens, user) }]
  return {
    id: `u${user}:${turn}`,
    session: '',
    turn,
    after: turn === 0 ? [] : [turn - 1],
    think: turn === 0 ? 0 : 0.1 + 0.4 * random(),
    messages,
    promptTokens: countPromptTokens(messages),
    outputTokens,
  }
}

function lengths(scenario: Scenario, random: Random): readonly [prompt: number, answer: number] {
  if (scenario === 'A') return [between(32, 128, random), between(64, 256, random)]
  if (scenario === 'B') return [between(512, LONGEST, random), between(128, 512, random)]
  const prompt = Math.floor(clip(Math.exp(5.5 + normal(random)), 32, LONGEST))
  return [prompt, Math.floor(clip(-200 * Math.log(1 - random()), 32, 1024))]
}

function createTexts(texts: Texts, blocks: BlockCounter, random: Random): TextOf {
  const common = blocks.tokens(COMMON_TOKENS)
  const long = Array.from({ length: MOST_TEXTS }, () => blocks.tokens(LONGEST).ids)
  const beginning = (text: number, tokens: number): TextRun => {
    const ids = long[text]
    if (ids === undefined) throw new RangeError(`expected a text below ${MOST_TEXTS}, found ${text}`)
    return { ids, unit: LONGEST, tokens }
  }
  switch (texts) {
    case 'one-text':
      return (tokens) => [common, beginning(0, tokens)]
    case 'text-per-user':
      return (tokens, user) => [common, beginning(user, tokens)]
    case 'nothing-shared':
      return (tokens) => [common, blocks.tokens(tokens)]
    case 'templates':
      return (tokens) => {
        const half = Math.floor(tokens / 2)
        return [common, beginning(Math.floor(random() * TEMPLATES), half), blocks.tokens(tokens - half)]
      }
  }
}

/** A normally distributed number (Box and Muller). */
function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
}

function between(least: number, most: number, random: Random): number {
  return least + Math.floor(random() * (most - least + 1))
}

function clip(value: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, value))
}
