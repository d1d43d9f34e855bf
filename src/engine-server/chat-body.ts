import { z } from 'zod'
import type { Conversation, Part } from './chat-template.ts'
import { contentParts, contentSchema } from './content.ts'
import { answerCount, samplingFields, streamOptions, tokenLimit } from './sampling-fields.ts'

const toolCall = z.object({ function: z.object({ name: z.string(), arguments: z.string() }) })

const message = z.object({
  role: z.string(),
  content: contentSchema.nullish(),
  tool_calls: z.array(toolCall).nullish(),
})

const tool = z.looseObject({ function: z.looseObject({ name: z.string(), parameters: z.unknown().optional() }) })

/** What the template needs: the body of `/tokenize` may hold it too. */
export const conversationFields = {
  messages: z.array(message).min(1),
  tools: z.array(tool).nullish(),
  tool_choice: z
    .union([z.enum(['none', 'auto', 'required']), z.object({ function: z.object({ name: z.string() }) })])
    .nullish(),
}

/** The body of `/v1/chat/completions`. */
export const chatBody = z.object({
  ...samplingFields,
  ...conversationFields,
  max_tokens: tokenLimit,
  max_completion_tokens: tokenLimit,
  n: answerCount,
  stream_options: streamOptions,
})

type ConversationBody = z.infer<z.ZodObject<typeof conversationFields>>

export function chatConversation({ messages, tools, tool_choice: choice }: ConversationBody): Conversation {
  const named = typeof choice === 'object' && choice !== null ? choice.function.name : undefined
  const known = tools ?? []
  return {
    turns: messages.map(({ role, content, tool_calls: calls }) => ({
      role,
      parts: [...contentParts(content), ...(calls ?? []).map(callPart)],
    })),
    tools: known.map(({ function: { name, parameters } }) => ({ name, schema: parameters ?? {} })),
    toolsJson: known.length === 0 ? '' : JSON.stringify(known),
    toolChoice: named ?? (choice === 'required' ? true : choice === 'none' ? false : undefined),
  }
}

function callPart({ function: called }: z.infer<typeof toolCall>): Part {
  return { kind: 'tool-call', name: called.name, arguments: called.arguments }
}
