import { createBlockCounter } from './block-counter.ts'
import type { BlockCounter } from './block-counter.ts'
import { varied } from './generate-chat.ts'
import type { GeneratorKnobs } from './generator-knobs.ts'
import type { Random } from './random.ts'
import { countPromptTokens } from './workload.ts'
import type { PromptMessage, TextRun, WorkloadRequest, WorkloadSession } from './workload.ts'

/**
 * Users of many groups: each group has a system prompt, each user belongs to a group and asks one question after the
 * other. All system prompts together are meant to be more than one endpoint's cache holds, so that it matters which
 * group goes where (llm-d's shared-prefix benchmark: 150 groups of 6,000 tokens, questions of 1,200, answers of 1,000).
 */
export function generateGroups(knobs: GeneratorKnobs, random: Random): WorkloadSession[] {
  const blocks = createBlockCounter()
  const systems = Array.from({ length: Math.max(1, knobs.groups) }, () => blocks.text(knobs.systemLen))
  return Array.from({ length: knobs.sessions }, (_, index) => {
    const system = systems[Math.floor(random() * systems.length)] ?? blocks.text(knobs.systemLen)
    const start = (random() * knobs.startJitterMs) / 1000
    return session(`s${index}`, start, knobs, () => prompt(system, question(knobs, random, blocks)))
  })
}

/**
 * One prefix grows hot: the share of sessions that use it grows evenly from nothing to `hotShare`, the others use prefixes
 * of their own. Sooner or later the endpoint that holds it is not enough.
 */
export function generateHot(knobs: GeneratorKnobs, random: Random): WorkloadSession[] {
  const blocks = createBlockCounter()
  const hot = blocks.text(knobs.systemLen)
  return Array.from({ length: knobs.sessions }, (_, index) => {
    const moment = random()
    const system = random() < moment * knobs.hotShare ? hot : blocks.text(knobs.systemLen)
    const start = (moment * knobs.startJitterMs) / 1000
    return session(`s${index}`, start, knobs, () => prompt(system, question(knobs, random, blocks)))
  })
}

/** Bursts of equal prompts at the same moment, as from a batch job or a retrying client; bursts share nothing. */
export function generateBursts(knobs: GeneratorKnobs, random: Random): WorkloadSession[] {
  const blocks = createBlockCounter()
  const size = Math.max(1, knobs.burst)
  const sessions: WorkloadSession[] = []
  while (sessions.length < knobs.sessions) {
    const start = (random() * knobs.startJitterMs) / 1000
    const system = blocks.text(knobs.systemLen)
    const questions = Array.from({ length: knobs.turns }, () => question(knobs, random, blocks))
    for (let i = 0; i < size && sessions.length < knobs.sessions; i++) {
      const ask = (turn: number) => prompt(system, questions[turn] ?? question(knobs, random, blocks))
      sessions.push(session(`s${sessions.length}`, start, knobs, ask))
    }
  }
  return sessions
}

function question(knobs: GeneratorKnobs, random: Random, blocks: BlockCounter): TextRun {
  return blocks.text(varied(knobs.userLen, random))
}

function prompt(system: TextRun, question: TextRun): PromptMessage[] {
  return [
    { role: 'system', parts: [system] },
    { role: 'user', parts: [question] },
  ]
}

/** A user who sends one independent prompt after the other; the first at the session's start. */
function session(
  id: string,
  start: number,
  knobs: GeneratorKnobs,
  ask: (turn: number) => PromptMessage[],
): WorkloadSession {
  const requests = Array.from({ length: knobs.turns }, (_, turn): WorkloadRequest => {
    const messages = ask(turn)
    return {
      id: `${id}:${turn}`,
      session: id,
      turn,
      ...(turn === 0 ? { offset: 0 } : {}),
      after: turn === 0 ? [] : [turn - 1],
      think: turn === 0 ? 0 : knobs.turnGapMs / 1000,
      messages,
      promptTokens: countPromptTokens(messages),
      outputTokens: knobs.maxTokens,
    }
  })
  return { id, start, requests }
}
