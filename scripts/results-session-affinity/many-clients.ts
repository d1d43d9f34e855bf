import { createBlockCounter } from '../../src/workload/block-counter.ts'
import type { BlockCounter } from '../../src/workload/block-counter.ts'
import { createRandom } from '../../src/workload/random.ts'
import type { Random } from '../../src/workload/random.ts'
import { countPromptTokens } from '../../src/workload/workload.ts'
import type { PromptMessage, TextRun, Workload, WorkloadRequest, WorkloadSession } from '../../src/workload/workload.ts'

/** Many clients, one of them hot. Rates are requests per second, lengths tokens. */
export interface ManyClients {
  readonly clients: number
  /** Requests per second of the hot client, and of all others together. */
  readonly hotRate: number
  readonly otherRate: number
  /** Seconds in which sessions open. */
  readonly seconds: number
}

interface Client {
  readonly name: string
  readonly system: TextRun
  readonly documents: readonly TextRun[]
}

const CHAT_TURNS = 6
const CHAT_THINK_SECONDS = 5
const ANSWER_TOKENS = 150

/**
 * One client in three chats, one asks about documents of its own, one sends single prompts; each has a system prompt of its
 * own. The hot client is a batch job: 4,000 tokens of instructions, 1,000 to 3,000 tokens that are new, at a constant rate.
 * All that opens, opens at random (Poisson).
 */
export function manyClients(load: ManyClients, seed: number): Workload {
  const blocks = createBlockCounter()
  const random = createRandom(seed)
  const others = load.clients - 1
  const rate = load.otherRate / others
  const sessions: WorkloadSession[] = []
  for (let number = 0; number < others; number++) {
    const kinds = [chat, askDocument, singlePrompt] as const
    const kind = kinds[number % kinds.length] ?? singlePrompt
    const client = createClient(`c${number}`, blocks, random)
    const opening = kind === chat ? rate / CHAT_TURNS : rate
    for (const start of arrivals(opening, load.seconds, random)) {
      sessions.push({ id: `s${sessions.length}`, start, requests: kind(client, sessions.length, blocks, random) })
    }
  }
  const hot = { name: 'hot', system: blocks.tokens(4000), documents: [] }
  for (const start of arrivals(load.hotRate, load.seconds, random)) {
    const messages = [system(hot), user(blocks.tokens(between(1000, 3000, random)))]
    sessions.push({ id: `s${sessions.length}`, start, requests: [request(hot, sessions.length, messages)] })
  }
  sessions.sort((a, b) => a.start - b.start)
  return { name: 'many clients', pacing: 'sessions', sessions, notes: [] }
}

function createClient(name: string, blocks: BlockCounter, random: Random): Client {
  return {
    name,
    system: blocks.tokens(between(500, 3000, random)),
    documents: Array.from({ length: 3 }, () => blocks.tokens(between(2000, 8000, random))),
  }
}

/** A conversation that repeats all that was said. */
function chat(client: Client, session: number, blocks: BlockCounter, random: Random): WorkloadRequest[] {
  const messages: PromptMessage[] = [system(client)]
  return Array.from({ length: CHAT_TURNS }, (_, turn) => {
    if (turn > 0) messages.push({ role: 'assistant', parts: [blocks.tokens(ANSWER_TOKENS)], answerOf: turn - 1 })
    messages.push(user(blocks.tokens(between(50, 300, random))))
    const think = turn === 0 ? 0 : -CHAT_THINK_SECONDS * Math.log(1 - random())
    return { ...request(client, session, [...messages]), id: `s${session}:${turn}`, turn, think, after: before(turn) }
  })
}

function before(turn: number): number[] {
  return turn === 0 ? [] : [turn - 1]
}

function askDocument(client: Client, session: number, blocks: BlockCounter, random: Random): WorkloadRequest[] {
  const document = client.documents[Math.floor(random() * client.documents.length)]
  const question = blocks.tokens(between(30, 100, random))
  const messages = [system(client), user(...(document === undefined ? [question] : [document, question]))]
  return [request(client, session, messages)]
}

function singlePrompt(client: Client, session: number, blocks: BlockCounter, random: Random): WorkloadRequest[] {
  return [request(client, session, [system(client), user(blocks.tokens(between(300, 1500, random)))])]
}

function request({ name }: Client, session: number, messages: readonly PromptMessage[]): WorkloadRequest {
  return {
    id: `s${session}:0`,
    session: name,
    turn: 0,
    after: [],
    think: 0,
    messages,
    promptTokens: countPromptTokens(messages),
    outputTokens: ANSWER_TOKENS,
  }
}

function system({ system }: Client): PromptMessage {
  return { role: 'system', parts: [system] }
}

function user(...parts: TextRun[]): PromptMessage {
  return { role: 'user', parts }
}

/** Times of a Poisson process. */
function arrivals(rate: number, seconds: number, random: Random): number[] {
  const times: number[] = []
  for (let at = -Math.log(1 - random()) / rate; at < seconds; at -= Math.log(1 - random()) / rate) times.push(at)
  return times
}

function between(least: number, most: number, random: Random): number {
  return Math.round(least + random() * (most - least))
}
