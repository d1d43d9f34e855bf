import { createBlockCounter } from '../../src/workload/block-counter.ts'
import type { BlockCounter } from '../../src/workload/block-counter.ts'
import { createRandom } from '../../src/workload/random.ts'
import type { Random } from '../../src/workload/random.ts'
import { countPromptTokens } from '../../src/workload/workload.ts'
import type { PromptMessage, TextRun, Workload, WorkloadRequest, WorkloadSession } from '../../src/workload/workload.ts'

/** What differs between the published runs. Lengths are characters, four to a token. */
export interface TraceShape {
  readonly sessions: number
  readonly turns: number
  readonly systemChars: number
  /** Second system message of 40 % of the sessions. */
  readonly codeChars: number
  /** Limit of tokens per answer. */
  readonly maxTokens: number
}

const CODE_SHARE = 0.4
const TOOL_SHARE = 0.3
/** Characters of `turn 0: ` with 80 characters behind it, of a tool call and its result, and of `ack t0`. */
const USER_CHARS = 88
const CALL_CHARS = 15
const RESULT_CHARS = 64
const ACK_CHARS = 6
/** Sessions open within this many seconds, and every request has up to 50 ms of its own, of which the first counts. */
const START_JITTER = 0.2
const REQUEST_JITTER = 0.05
/** Share of the later answers that use all tokens they may; the others end after 4 to 7, as `ack t3` does. */
const LONG_SHARE = 0.1
const SHORTEST = 4
const SHORT_SPREAD = 4

/**
 * The trace of llm-cache-router's bench: one system prompt for all, for some sessions a second one, then a growing
 * list of short messages. What the assistant is said to have answered is part of the trace, never what an engine answered.
 * The lengths of the answers are inferred, see the page that is written with them.
 */
export function makeTrace(shape: TraceShape, seed: number): Workload {
  const random = createRandom(seed)
  const blocks = createBlockCounter()
  const system = message('system', blocks.text(shape.systemChars))
  const code = message('system', blocks.text(Math.max(16, shape.codeChars)))
  const sessions = Array.from({ length: shape.sessions }, (_, index): WorkloadSession => {
    const opening = random() < CODE_SHARE ? [system, code] : [system]
    const start = random() * START_JITTER + random() * REQUEST_JITTER
    return { id: `s${index}`, start, requests: conversation(`s${index}`, opening, shape, random, blocks) }
  })
  return { name: 'llm-cache-router', pacing: 'sessions', sessions, notes: [] }
}

function conversation(
  session: string,
  opening: readonly PromptMessage[],
  { turns, maxTokens }: TraceShape,
  random: Random,
  blocks: BlockCounter,
): WorkloadRequest[] {
  const said = [...opening]
  return Array.from({ length: turns }, (_, turn) => {
    said.push(message('user', blocks.text(USER_CHARS)))
    if (random() < TOOL_SHARE) {
      said.push(message('assistant', blocks.text(CALL_CHARS)), message('tool', blocks.text(RESULT_CHARS)))
    }
    const messages = [...said]
    said.push(message('assistant', blocks.text(ACK_CHARS)))
    return {
      id: `${session}:${turn}`,
      session,
      turn,
      after: turn === 0 ? [] : [turn - 1],
      think: 0,
      messages,
      promptTokens: countPromptTokens(messages),
      outputTokens: answerTokens(turn, maxTokens, random),
    }
  })
}

function answerTokens(turn: number, maxTokens: number, random: Random): number {
  const long = random() < LONG_SHARE
  const short = SHORTEST + Math.floor(random() * SHORT_SPREAD)
  return turn === 0 || long ? maxTokens : Math.min(maxTokens, short)
}

function message(role: PromptMessage['role'], text: TextRun): PromptMessage {
  return { role, parts: [text] }
}
