import { createRandom, mixBits } from '../../src/workload/random.ts'
import type { WorkloadRequest } from '../../src/workload/workload.ts'

/** What texts are cut from. */
export interface ChatSource {
  readonly text: string
  /** Characters of it that are a token, on average. */
  readonly charactersPerToken: number
}

interface ChatMessage {
  readonly role: 'system' | 'user' | 'assistant'
  readonly content: string
}

/** One of so many blocks ends its turn. */
const TURN_BLOCKS = 3
/** Answers the model's turn where a prompt of the trace ends in one. */
const GO_ON: ChatMessage = { role: 'user', content: 'Please go on.' }

/**
 * Turns a prompt of block ids into the messages of a chat: the first block is the system message, the others are turns of
 * user and model. A block's text and where its turn ends follow from its id and the salt, its role from the blocks before:
 * prompts whose ids begin alike begin alike, character for character. Another salt shares nothing with this one.
 */
export function createChatText({ text, charactersPerToken }: ChatSource, salt: number) {
  const saltBits = mixBits(salt)
  const blockText = (id: number, tokens: number): string => {
    const bits = mixBits(id ^ saltBits)
    const head = `Note ${bits.toString(36)}: `
    const length = Math.max(1, Math.round(tokens * charactersPerToken) - head.length)
    const at = Math.floor(createRandom(bits)() * (text.length - length))
    return `${head}${text.slice(at, at + length).toWellFormed()}\n\n`
  }
  return (request: WorkloadRequest): ChatMessage[] => {
    const turns: ChatMessage[] = []
    let content = ''
    for (const { id, tokens } of blocksOf(request)) {
      content += blockText(id, tokens)
      if (turns.length > 0 && mixBits(id) % TURN_BLOCKS !== 0) continue
      turns.push({ role: roleOf(turns.length), content })
      content = ''
    }
    if (content !== '') turns.push({ role: roleOf(turns.length), content })
    return turns.at(-1)?.role === 'user' ? turns : [...turns, GO_ON]
  }
}

function* blocksOf({ messages }: WorkloadRequest): Generator<{ readonly id: number; readonly tokens: number }> {
  for (const { ids, unit, tokens } of messages.flatMap(({ parts }) => parts)) {
    for (const [index, id] of ids.entries()) yield { id, tokens: Math.min(unit, tokens - index * unit) }
  }
}

function roleOf(turn: number): ChatMessage['role'] {
  if (turn === 0) return 'system'
  return turn % 2 === 1 ? 'user' : 'assistant'
}
