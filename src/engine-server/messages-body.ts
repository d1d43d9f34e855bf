import { z } from 'zod'
import type { Conversation, Part } from './chat-template.ts'
import { contentParts, contentSchema } from './content.ts'
import { samplingFields } from './sampling-fields.ts'

const block = z.looseObject({
  type: z.string(),
  text: z.string().nullish(),
  name: z.string().optional(),
  input: z.unknown().optional(),
  content: contentSchema.nullish(),
})

const content = z.union([z.string(), z.array(block)])

const tool = z.looseObject({ name: z.string(), input_schema: z.unknown().optional() })

const CHOICES = { any: true, none: false, auto: undefined }

/** The body of `/v1/messages/count_tokens`. */
export const countTokensBody = z.object({
  model: z.string().nullish(),
  system: content.nullish(),
  messages: z.array(z.object({ role: z.string(), content })).min(1),
  tools: z.array(tool).nullish(),
  tool_choice: z.object({ type: z.enum(['auto', 'any', 'tool', 'none']), name: z.string().optional() }).nullish(),
})

/** The body of `/v1/messages`. */
export const messagesBody = countTokensBody.extend({ ...samplingFields, max_tokens: z.int().min(1) })

export function messagesConversation(body: z.infer<typeof countTokensBody>): Conversation {
  const { system, messages, tool_choice: choice } = body
  const tools = body.tools ?? []
  const head = system === null || system === undefined ? [] : [{ role: 'system', content: system }]
  return {
    turns: [...head, ...messages].map((turn) => ({ role: turn.role, parts: blockParts(turn.content) })),
    tools: tools.map(({ name, input_schema: schema }) => ({ name, schema })),
    toolsJson: tools.length === 0 ? '' : JSON.stringify(tools),
    toolChoice: choice?.type === 'tool' ? choice.name : CHOICES[choice?.type ?? 'auto'],
  }
}

function blockParts(blocks: z.infer<typeof content>): Part[] {
  if (typeof blocks === 'string') return [{ kind: 'text', text: blocks }]
  return blocks.flatMap((each): Part[] => {
    if (each.type === 'tool_use') {
      return [{ kind: 'tool-call', name: each.name ?? '', arguments: JSON.stringify(each.input ?? {}) }]
    }
    return each.type === 'tool_result' ? contentParts(each.content) : contentParts([each])
  })
}
