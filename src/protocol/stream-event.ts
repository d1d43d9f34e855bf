import type { ReportedUsage } from '../core/outcome.ts'
import { carriesContent } from './first-content.ts'
import { field, parsedJson, stringOr } from './json-field.ts'
import { usageOf } from './usage.ts'

/** A failure that an engine reported inside a stream whose status was already 200. */
export interface StreamError {
  readonly message: string
  /** The engine's own name for the kind of error. */
  readonly type: string | undefined
  /** The engine's own code; vLLM and llama.cpp put an HTTP status here. */
  readonly code: string | number | undefined
}

/** What one server-sent event means to the router. */
export interface StreamEvent {
  /** It carries something the model generated. */
  readonly content: boolean
  /** The stream ends with it, by the rules of its own protocol. */
  readonly end: boolean
  readonly error: StreamError | undefined
  readonly usage: ReportedUsage | undefined
}

const SILENT: StreamEvent = { content: false, end: false, error: undefined, usage: undefined }
const DONE: StreamEvent = { ...SILENT, end: true }

/** Last events of Anthropic messages and of Responses. */
const LAST_TYPES: ReadonlySet<unknown> = new Set([
  'message_stop',
  'response.completed',
  'response.incomplete',
  'response.failed',
])

/**
 * Reads the lines of one server-sent event. Comments, events without data and data that is no JSON mean nothing; only
 * an `event: error` counts whatever its data is.
 */
export function readStreamEvent(lines: string): StreamEvent {
  const { name, data } = fieldsOf(lines)
  if (data === '') return SILENT
  if (data === '[DONE]') return DONE
  const payload = parsedJson(data)
  if (payload === undefined && name !== 'error') return SILENT
  const type = field(payload, 'type')
  return {
    content: carriesContent(payload),
    end: LAST_TYPES.has(type) || field(payload, 'stop') === true,
    error: errorOf(payload, name === 'error' || type === 'error', data),
    usage: usageOf(payload),
  }
}

/** The name and the data of one server-sent event. */
export function fieldsOf(lines: string): { name: string; data: string } {
  let name = ''
  const data: string[] = []
  for (const line of lines.split('\n')) {
    const text = line.endsWith('\r') ? line.slice(0, -1) : line
    if (text.startsWith('data:')) data.push(text.slice(text[5] === ' ' ? 6 : 5))
    else if (text.startsWith('event:')) name = text.slice(6).trim()
  }
  return { name, data: data.join('\n') }
}

/** `{error: ...}`, an event named or typed `error`, vLLM's older `{object: 'error'}`, Responses' `response.failed`. */
function errorOf(payload: unknown, named: boolean, data: string): StreamError | undefined {
  const inside = field(payload, 'error') || field(field(payload, 'response'), 'error')
  if (!inside && !named && field(payload, 'object') !== 'error') return undefined
  return streamError(inside || payload, payload, data)
}

/** An error an engine wrote, as an object or a text; `around` is the object it stands in. */
export function streamError(error: unknown, around: unknown, otherwise: string): StreamError {
  const code = field(error, 'code') ?? field(around, 'code')
  return {
    message: stringOr(error) ?? stringOr(field(error, 'message')) ?? otherwise,
    // TGI names the kind beside a message that is a text.
    type: stringOr(field(error, 'type')) ?? stringOr(field(around, 'error_type')),
    code: typeof code === 'number' ? code : stringOr(code),
  }
}
