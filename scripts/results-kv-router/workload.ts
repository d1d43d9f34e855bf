import { createBlockCounter } from '../../src/workload/block-counter.ts'
import { createRandom } from '../../src/workload/random.ts'
import type { Random } from '../../src/workload/random.ts'
import { countPromptTokens } from '../../src/workload/workload.ts'
import type { PromptMessage, TextRun, Workload } from '../../src/workload/workload.ts'

/** Lengths in tokens of the load generator's texts. */
export interface Texts {
  /** The system prompt that most requests share. */
  readonly shared: number
  readonly others: readonly number[]
  readonly questions: readonly number[]
}

const SHARED_SHARE = 0.7

/**
 * The load of KV-Router's generator: 70 % of the requests have the shared system prompt, the others one of five, and each
 * one of eight questions. Answers are a single token, since its fakes wait for the prompt and then answer at once.
 */
export function kvRouterLoad(texts: Texts, requests: number, seed: number): Workload {
  const blocks = createBlockCounter()
  const random = createRandom(seed)
  const shared = blocks.tokens(texts.shared)
  const others = texts.others.map((tokens) => blocks.tokens(tokens))
  const questions = texts.questions.map((tokens) => blocks.tokens(tokens))
  const sessions = Array.from({ length: requests }, (_, number) => {
    const system = random() < SHARED_SHARE ? shared : oneOf(others, random)
    const messages: PromptMessage[] = [
      { role: 'system', parts: [system] },
      { role: 'user', parts: [oneOf(questions, random)] },
    ]
    const id = `r${number}`
    const promptTokens = countPromptTokens(messages)
    const request = { id, session: '', turn: 0, after: [], think: 0, messages, promptTokens, outputTokens: 1 }
    return { id, start: 0, requests: [request] }
  })
  return { name: 'kv-router', pacing: 'closed', sessions, notes: [] }
}

function oneOf(texts: readonly TextRun[], random: Random): TextRun {
  const text = texts[Math.floor(random() * texts.length)]
  if (text === undefined) throw new RangeError('expected at least one text to draw from, found none')
  return text
}
