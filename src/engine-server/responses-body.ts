import { z } from 'zod'
import type { Conversation, Turn } from './chat-template.ts'
import { contentParts, contentSchema } from './content.ts'
import { samplingFields, tokenLimit } from './sampling-fields.ts'

const item = z.looseObject({
  type: z.string().nullish(),
  role: z.string().nullish(),
  content: contentSchema.nullish(),
  name: z.string().nullish(),
  arguments: z.string().nullish(),
  output: contentSchema.nullish(),
})

const tool = z.looseObject({ type: z.string(), name: z.string().nullish(), parameters: z.unknown().optional() })

/** The body of `/v1/responses`. */
export const responsesBody = z.object({
  ...samplingFields,
  input: z.union([z.string(), z.array(item).min(1)]),
  instructions: z.string().nullish(),
  max_output_tokens: tokenLimit,
  previous_response_id: z.string().nullish(),
  tools: z.array(tool).nullish(),
  tool_choice: z
    .union([z.enum(['none', 'auto', 'required']), z.looseObject({ name: z.string().optional() })])
    .nullish(),
})

export function responsesConversation(body: z.infer<typeof responsesBody>): Conversation {
  const { input, instructions, tool_choice: choice } = body
  const tools = body.tools ?? []
  const head: Turn[] = instructions ? [{ role: 'system', parts: [{ kind: 'text', text: instructions }] }] : []
  const turns =
    typeof input === 'string'
      ? [{ role: 'user', parts: contentParts(input) }]
      : input.flatMap((each) => itemTurns(each))
  const named = typeof choice === 'object' ? choice?.name : undefined
  return {
    turns: [...head, ...turns],
    tools: tools.flatMap(({ name, parameters }) => (name ? [{ name, schema: parameters ?? {} }] : [])),
    toolsJson: tools.length === 0 ? '' : JSON.stringify(tools),
    toolChoice: named ?? (choice === 'required' ? true : choice === 'none' ? false : undefined),
  }
}

/** Items of the model's reasoning are not rendered again. */
function itemTurns(each: z.infer<typeof item>): Turn[] {
  if (each.type === 'reasoning') return []
  if (each.type === 'function_call') {
    const call = { kind: 'tool-call', name: each.name ?? '', arguments: each.arguments ?? '{}' } as const
    return [{ role: 'assistant', parts: [call] }]
  }
  if (each.type === 'function_call_output') return [{ role: 'tool', parts: contentParts(each.output) }]
  return [{ role: each.role ?? 'user', parts: contentParts(each.content) }]
}
