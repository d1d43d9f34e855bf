import { createBlockCounter } from './block-counter.ts'
import type { BlockCounter } from './block-counter.ts'
import { varied } from './generate-chat.ts'
import type { GeneratorKnobs } from './generator-knobs.ts'
import type { Random } from './random.ts'
import { SessionBuilder } from './session-builder.ts'
import type { PromptMessage, WorkloadSession } from './workload.ts'

/**
 * Tool loops that branch: by chance `forkProb` a turn tries `forks` ways at once, requests that share everything but what
 * comes last. When all have ended, the loop goes on behind the first of them; the others are given up.
 */
export function generateBranches(knobs: GeneratorKnobs, random: Random): WorkloadSession[] {
  const blocks = createBlockCounter()
  const system: PromptMessage = { role: 'system', parts: [blocks.text(knobs.systemLen)] }
  return Array.from({ length: knobs.sessions }, (_, index) => {
    const id = `s${index}`
    const start = (random() * knobs.startJitterMs) / 1000
    const builder = new SessionBuilder(knobs.turnGapMs / 1000, knobs.maxTokens)
    const messages: PromptMessage[] = [system, { role: 'user', parts: [blocks.text(varied(knobs.userLen, random))] }]
    let after: readonly number[] = []
    for (let turn = 0; turn < knobs.turns; turn++) {
      const ways = turn > 0 && random() < knobs.forkProb ? Math.max(1, knobs.forks) : 1
      const results = Array.from({ length: ways }, () => (turn === 0 ? [] : [result(knobs, random, blocks, id, turn)]))
      const tried = results.map((last) => builder.add(id, [...messages, ...last], after))
      messages.push(...(results[0] ?? []), answer(knobs, blocks, id, turn + 1, tried[0] ?? 0))
      after = tried
    }
    return { id, start, requests: builder.requests }
  })
}

/** The answer to the call at this place, which calls the tool whose result the given turn brings. */
function answer(knobs: GeneratorKnobs, blocks: BlockCounter, id: string, turn: number, call: number): PromptMessage {
  const toolCall = { id: `call_${id}_${turn}`, name: 'run_tests', arguments: `{"suite":"${id}/${turn}"}` }
  return { role: 'assistant', parts: [blocks.tokens(knobs.maxTokens)], answerOf: call, toolCall }
}

function result(knobs: GeneratorKnobs, random: Random, blocks: BlockCounter, id: string, turn: number): PromptMessage {
  return { role: 'tool', parts: [blocks.text(varied(knobs.toolLen, random))], toolCallId: `call_${id}_${turn}` }
}
