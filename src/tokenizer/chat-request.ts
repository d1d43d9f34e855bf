import { z } from 'zod'
import { parseExactJson } from './exact-json.ts'
import { TokenizerError } from './tokenizer-error.ts'

const part = z.looseObject({ type: z.string().default('text'), text: z.string().nullish() })
const content = z.union([z.string(), z.array(z.union([z.string(), part]))]).nullish()

const toolCall = z.looseObject({
  function: z.looseObject({ name: z.string(), arguments: z.unknown().optional() }),
})

const message = z.looseObject({ role: z.string(), content, tool_calls: z.array(toolCall).nullish() })

const chatRequest = z.looseObject({
  messages: z.array(message),
  tools: z.array(z.looseObject({})).nullish(),
  tool_choice: z.unknown().optional(),
  documents: z.array(z.unknown()).nullish(),
  reasoning_effort: z.string().nullish(),
  chat_template: z.string().nullish(),
  chat_template_kwargs: z.record(z.string(), z.unknown()).nullish(),
  add_generation_prompt: z.boolean().nullish(),
  continue_final_message: z.boolean().nullish(),
})

/** A message as a client sends it. */
export type ChatMessage = z.output<typeof message>
export type ChatPart = z.output<typeof part>
/** The part of a chat request that decides what is rendered. */
export type ChatRequest = z.output<typeof chatRequest>

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * The body of a chat request, as bytes, as text or parsed already (whoever parsed it answers for the spelling of numbers).
 * Throws `inexact` where it is not a chat request or holds what cannot be rendered exactly.
 */
export function parseChatRequest(body: Uint8Array | string | object): ChatRequest {
  const parsed = chatRequest.safeParse(valueOf(body))
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  const at = issue === undefined || issue.path.length === 0 ? 'body' : issue.path.join('.')
  throw new TokenizerError('inexact', `expected a chat request, found at ${at}: ${issue?.message ?? 'something else'}`)
}

/** Clients in Python write `temperature: 1.0`, which is nothing that a template prints. */
function isPrinted(member: string): boolean {
  return Object.hasOwn(chatRequest.shape, member)
}

function valueOf(body: Uint8Array | string | object): unknown {
  if (typeof body === 'string') return parseExactJson(body, isPrinted)
  if (!(body instanceof Uint8Array)) return body
  try {
    return parseExactJson(decoder.decode(body), isPrinted)
  } catch (error) {
    if (error instanceof TokenizerError) throw error
    throw new TokenizerError('inexact', 'expected UTF-8, found other bytes', { cause: error })
  }
}
