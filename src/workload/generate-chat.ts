import { createBlockCounter } from './block-counter.ts'
import type { BlockCounter } from './block-counter.ts'
import type { GeneratorKnobs } from './generator-knobs.ts'
import type { Random } from './random.ts'
import { countPromptTokens } from './workload.ts'
import type { PromptMessage, WorkloadRequest, WorkloadSession } from './workload.ts'

/**
 * Conversations that start with one shared system prompt. Every turn repeats what was said so far, with the answers the
 * engines gave, and adds a user's words or, by chance `toolProb`, the result of a tool that the last answer called.
 */
export function generateChat(knobs: GeneratorKnobs, random: Random): WorkloadSession[] {
  const blocks = createBlockCounter()
  const system: PromptMessage = { role: 'system', parts: [blocks.text(knobs.systemLen)] }
  return Array.from({ length: knobs.sessions }, (_, index) => ({
    id: `s${index}`,
    start: (random() * knobs.startJitterMs) / 1000,
    requests: converse(`s${index}`, system, knobs, random, blocks),
  }))
}

function converse(
  session: string,
  system: PromptMessage,
  knobs: GeneratorKnobs,
  random: Random,
  blocks: BlockCounter,
): WorkloadRequest[] {
  const requests: WorkloadRequest[] = []
  const messages: PromptMessage[] = [system, opening(knobs, random, blocks)]
  for (let turn = 0; turn < knobs.turns; turn++) {
    if (turn > 0) messages.push(...nextTurn(session, turn, knobs, random, blocks))
    requests.push({
      id: `${session}:${turn}`,
      session,
      turn,
      after: turn === 0 ? [] : [turn - 1],
      think: turn === 0 ? 0 : knobs.turnGapMs / 1000,
      messages: [...messages],
      promptTokens: countPromptTokens(messages),
      outputTokens: knobs.maxTokens,
    })
  }
  return requests
}

/** What the user writes first: a question, in some sessions after pasted code. */
function opening(knobs: GeneratorKnobs, random: Random, blocks: BlockCounter): PromptMessage {
  const code = random() < knobs.codeShare ? [blocks.text(knobs.codeContextLen)] : []
  return { role: 'user', parts: [...code, blocks.text(varied(knobs.userLen, random))] }
}

/** The last answer and what follows it. */
function nextTurn(
  session: string,
  turn: number,
  knobs: GeneratorKnobs,
  random: Random,
  blocks: BlockCounter,
): PromptMessage[] {
  const answer: PromptMessage = { role: 'assistant', parts: [blocks.tokens(knobs.maxTokens)], answerOf: turn - 1 }
  if (random() >= knobs.toolProb) return [answer, { role: 'user', parts: [blocks.text(varied(knobs.userLen, random))] }]
  const id = `call_${session}_${turn}`
  const toolCall = { id, name: 'read_file', arguments: `{"path":"src/${session}/${turn}.ts"}` }
  const result: PromptMessage = { role: 'tool', parts: [blocks.text(varied(knobs.toolLen, random))], toolCallId: id }
  return [{ ...answer, toolCall }, result]
}

/** A length between half and one and a half times the mean. */
export function varied(mean: number, random: Random): number {
  return Math.round(mean * (0.5 + random()))
}
