import { field } from './json-field.ts'

/** Fields of a chat delta that hold what the model said. */
const DELTA_FIELDS = ['content', 'reasoning', 'reasoning_content', 'refusal', 'tool_calls', 'function_call', 'audio']

/**
 * True when one parsed event of a stream carries something the model generated. A role, a start or progress event, an
 * empty string and a usage block do not count. Known are chat and completions chunks, the delta events of Responses,
 * Anthropic's content_block_delta and the events of llama.cpp's own /completion.
 */
export function carriesContent(payload: unknown): boolean {
  const type = field(payload, 'type')
  if (type === 'content_block_delta') return blockDeltaSaysSomething(field(payload, 'delta'))
  if (typeof type === 'string' && type.endsWith('.delta')) return saysSomething(field(payload, 'delta'))
  const choices = field(payload, 'choices')
  if (Array.isArray(choices)) return choices.some(choiceSaysSomething)
  return typeof field(payload, 'stop') === 'boolean' && saysSomething(field(payload, 'content'))
}

function choiceSaysSomething(choice: unknown): boolean {
  if (saysSomething(field(choice, 'text')) || saysSomething(field(choice, 'token_ids'))) return true
  const delta = field(choice, 'delta')
  return DELTA_FIELDS.some((name) => saysSomething(field(delta, name)))
}

function blockDeltaSaysSomething(delta: unknown): boolean {
  return (
    saysSomething(field(delta, 'text')) ||
    saysSomething(field(delta, 'partial_json')) ||
    saysSomething(field(delta, 'thinking'))
  )
}

/** A text with characters, or a list or an object (tool calls, audio) with members. */
function saysSomething(value: unknown): boolean {
  if (typeof value === 'string') return value.length > 0
  return typeof value === 'object' && value !== null && Object.keys(value).length > 0
}
