import { mixBits } from '../engine/mix-bits.ts'
import type { ToolCall } from './answer.ts'
import type { Conversation } from './chat-template.ts'
import { asciiJson, sampleJson } from './sample-json.ts'

/** A last message with this word makes the engine call a function, where it may. */
const TRIGGER = 'TOOLCALL'

/**
 * How the answer to a conversation calls a function; undefined when it does not. It does when it must (`required`, a
 * named function), or when it may and the last message asks for it.
 */
export function toolCallFor(conversation: Conversation): ((seed: number) => ToolCall) | undefined {
  const { tools, toolChoice } = conversation
  const eligible = typeof toolChoice === 'string' ? tools.filter(({ name }) => name === toolChoice) : tools
  if (eligible.length === 0 || toolChoice === false) return undefined
  if (toolChoice === undefined && !isTriggered(conversation)) return undefined
  return (seed) => {
    const tool = eligible[mixBits(seed) % eligible.length] ?? { name: '', schema: {} }
    return { name: tool.name, arguments: asciiJson(sampleJson(tool.schema, seed)) }
  }
}

function isTriggered({ turns }: Conversation): boolean {
  return turns.at(-1)?.parts.some((part) => part.kind === 'text' && part.text.includes(TRIGGER)) ?? false
}
