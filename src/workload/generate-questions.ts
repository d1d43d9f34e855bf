import { createBlockCounter } from './block-counter.ts'
import { varied } from './generate-chat.ts'
import type { GeneratorKnobs } from './generator-knobs.ts'
import type { Random } from './random.ts'
import { countPromptTokens } from './workload.ts'
import type { PromptMessage, WorkloadRequest, WorkloadSession } from './workload.ts'

/** Questions about few documents: system prompt, one document, a question; no turn repeats an earlier one. */
export function generateRag(knobs: GeneratorKnobs, random: Random): WorkloadSession[] {
  const blocks = createBlockCounter()
  const system: PromptMessage = { role: 'system', parts: [blocks.text(knobs.systemLen)] }
  const documents = Array.from({ length: Math.max(1, knobs.documents) }, () => blocks.text(knobs.docLen))
  return users(knobs, random, () => {
    const document = documents[zipf(documents.length, random)]
    const question = blocks.text(varied(knobs.userLen, random))
    return [system, { role: 'user', parts: document === undefined ? [question] : [document, question] }]
  })
}

/** Prompts that share nothing with each other: what no cache can help. */
export function generateSingle(knobs: GeneratorKnobs, random: Random): WorkloadSession[] {
  const blocks = createBlockCounter()
  return users(knobs, random, () => [{ role: 'user', parts: [blocks.text(varied(knobs.promptLen, random))] }])
}

/** Users who send one independent prompt after the other. */
function users(knobs: GeneratorKnobs, random: Random, prompt: () => PromptMessage[]): WorkloadSession[] {
  return Array.from({ length: knobs.sessions }, (_, index) => {
    const id = `s${index}`
    const start = (random() * knobs.startJitterMs) / 1000
    const requests = Array.from({ length: knobs.turns }, (_turn, turn): WorkloadRequest => {
      const messages = prompt()
      return {
        id: `${id}:${turn}`,
        session: id,
        turn,
        after: turn === 0 ? [] : [turn - 1],
        think: turn === 0 ? 0 : knobs.turnGapMs / 1000,
        messages,
        promptTokens: countPromptTokens(messages),
        outputTokens: knobs.maxTokens,
      }
    })
    return { id, start, requests }
  })
}

/** An index below `count`, the k-th (from 1) with a weight of 1/k. */
function zipf(count: number, random: Random): number {
  let total = 0
  for (let k = 1; k <= count; k++) total += 1 / k
  let left = random() * total
  for (let k = 1; k < count; k++) {
    left -= 1 / k
    if (left < 0) return k - 1
  }
  return count - 1
}
