import type { ChatMessage, ChatPart } from './chat-request.ts'
import { parseExactJson } from './exact-json.ts'
import { TokenizerError } from './tokenizer-error.ts'

/** What a template expects to find in messages. */
export interface MessageShape {
  /** `text`: one string; `parts`: a list of objects with a type. */
  readonly content: 'text' | 'parts'
  /** `object`: parsed; `string`: the JSON text as OpenAI has it. */
  readonly arguments: 'object' | 'string'
  /** What stands for no content where parts are expected: an empty list, or in llama.cpp one part of empty text. */
  readonly missing: 'nothing' | 'empty-part'
}

const TEXT_TYPES = new Set(['text', 'input_text', 'output_text'])

/** Messages in the shape a template expects, the way vLLM, SGLang and llama.cpp prepare them. */
export function templateMessages(messages: readonly ChatMessage[], shape: MessageShape): object[] {
  return messages.map((message) => templateMessage(message, shape))
}

function templateMessage(message: ChatMessage, shape: MessageShape): object {
  const { content, tool_calls: calls, ...rest } = message
  const shaped: Record<string, unknown> = {
    ...rest,
    content: shape.content === 'text' ? textOf(content) : partsOf(content, shape),
  }
  // A template that asks whether there are calls must not find an empty list.
  if (calls !== undefined && calls !== null && calls.length > 0) {
    shaped['tool_calls'] = calls.map((call) => ({
      ...call,
      function: { ...call.function, arguments: argumentsOf(call.function.arguments, shape) },
    }))
  }
  return shaped
}

/** Parts of text are joined by a line break; no content is an empty text. */
export function textOf(content: ChatMessage['content']): string {
  if (typeof content === 'string') return content
  return (content ?? []).map((part) => (typeof part === 'string' ? part : textPart(part))).join('\n')
}

function partsOf(content: ChatMessage['content'], { missing }: MessageShape): object[] {
  if (typeof content === 'string') return [{ type: 'text', text: content }]
  if (missing === 'empty-part' && (content === null || content === undefined)) return [{ type: 'text', text: '' }]
  return (content ?? []).map((part) => ({ type: 'text', text: typeof part === 'string' ? part : textPart(part) }))
}

function textPart({ type, text }: ChatPart): string {
  if (TEXT_TYPES.has(type)) return text ?? ''
  const advice =
    "images and sound become tokens that depend on the engine's processor; the prompt's bytes are used instead"
  throw new TokenizerError('inexact', `expected parts of text only, found one of type '${type}': ${advice}`)
}

function argumentsOf(value: unknown, shape: MessageShape): unknown {
  if (shape.arguments === 'string') return typeof value === 'string' ? value : JSON.stringify(value ?? {})
  if (value === undefined || value === null || value === '') return {}
  return typeof value === 'string' ? parseExactJson(value) : value
}
