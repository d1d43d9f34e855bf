import { createBlockCounter } from './block-counter.ts'
import type { BlockCounter } from './block-counter.ts'
import { varied } from './generate-chat.ts'
import type { GeneratorKnobs } from './generator-knobs.ts'
import type { Random } from './random.ts'
import { SessionBuilder } from './session-builder.ts'
import type { PromptMessage, WorkloadSession } from './workload.ts'

/** What one session is made with. */
interface Maker {
  readonly knobs: GeneratorKnobs
  readonly random: Random
  readonly blocks: BlockCounter
  readonly builder: SessionBuilder
}

/**
 * Agents that work with tools and, by chance `forkProb`, start `forks` sub-agents after a call: conversations of their
 * own, with a system prompt that all sub-agents of all sessions share, which run beside each other for `agentTurns` calls
 * each. The agent goes on with their results when all have ended.
 */
export function generateAgents(knobs: GeneratorKnobs, random: Random): WorkloadSession[] {
  const blocks = createBlockCounter()
  const system: PromptMessage = { role: 'system', parts: [blocks.text(knobs.systemLen)] }
  const subSystem: PromptMessage = { role: 'system', parts: [blocks.text(knobs.systemLen / 2)] }
  return Array.from({ length: knobs.sessions }, (_, index) => {
    const id = `s${index}`
    const start = (random() * knobs.startJitterMs) / 1000
    const builder = new SessionBuilder(knobs.turnGapMs / 1000, knobs.maxTokens)
    work({ knobs, random, blocks, builder }, id, system, subSystem)
    return { id, start, requests: builder.requests }
  })
}

function work(maker: Maker, id: string, system: PromptMessage, subSystem: PromptMessage): void {
  const { knobs, random, builder } = maker
  const messages = [system, task(maker)]
  let after: readonly number[] = []
  let agents = 0
  for (let turn = 0; turn < knobs.turns; turn++) {
    const call = builder.add(id, messages, after)
    const forks = random() < knobs.forkProb ? Math.max(1, knobs.forks) : 0
    after = forks === 0 ? [call] : []
    for (let fork = 0; fork < forks; fork++) {
      after = [...after, subAgent(maker, `${id}/a${agents++}`, subSystem, call)]
    }
    messages.push(...answerAndResult(maker, id, call))
  }
}

/** Adds a sub-agent's calls; returns the place of the last one. */
function subAgent(maker: Maker, id: string, system: PromptMessage, parent: number): number {
  const messages = [system, task(maker)]
  let last = parent
  for (let turn = 0; turn < Math.max(1, maker.knobs.agentTurns); turn++) {
    last = maker.builder.add(id, messages, [last])
    messages.push(...answerAndResult(maker, id, last))
  }
  return last
}

function task({ knobs, random, blocks }: Maker): PromptMessage {
  return { role: 'user', parts: [blocks.text(varied(knobs.userLen, random))] }
}

/** The answer to the call at this place, which calls a tool, and the tool's result. */
function answerAndResult({ knobs, random, blocks }: Maker, id: string, call: number): PromptMessage[] {
  const toolCallId = `call_${id}_${call}`
  const toolCall = { id: toolCallId, name: 'read_file', arguments: `{"path":"src/${id}/${call}.ts"}` }
  return [
    { role: 'assistant', parts: [blocks.tokens(knobs.maxTokens)], answerOf: call, toolCall },
    { role: 'tool', parts: [blocks.text(varied(knobs.toolLen, random))], toolCallId },
  ]
}
