import { createParser } from 'eventsource-parser'
import { z } from 'zod'

/** Token counts as the engine reports them. */
export interface Usage {
  readonly promptTokens: number
  readonly outputTokens: number
  /** Absent when the engine does not say. */
  readonly cachedTokens: number | undefined
}

/** What a streamed answer has held so far. */
export interface Answer {
  /** Time of the first content token on the clock handed in; a role, a comment or a header is none. */
  firstContentAt: number | undefined
  /** Events that carried content. */
  contentEvents: number
  /** The content, when it was asked for. */
  text: string
  usage: Usage | undefined
  /** Whether the engine said that it was done: a finish reason or the end mark. */
  finished: boolean
  /** An error that came inside the stream. */
  problem: { kind: string; message: string } | undefined
}

/** Reads the bytes of an answer as they come. */
export interface AnswerReader {
  readonly answer: Answer
  feed(chunk: Buffer): void
}

const NEWLINE = 10

const usageSchema = z.object({
  prompt_tokens: z.number(),
  completion_tokens: z.number().default(0),
  prompt_tokens_details: z.object({ cached_tokens: z.number().nullish() }).nullish(),
})

/** Reads an OpenAI event stream (chat or plain completions) without decoding more than measuring needs. */
export function createAnswerReader(now: () => number, keepText: boolean): AnswerReader {
  const answer: Answer = {
    firstContentAt: undefined,
    contentEvents: 0,
    text: '',
    usage: undefined,
    finished: false,
    problem: undefined,
  }
  const parser = createParser({ onEvent: (event) => readEvent(event.data, answer, now, keepText) })
  let rest: Buffer | undefined
  return {
    answer,
    feed(chunk) {
      // A newline is never inside a character, so whole lines decode without a stateful decoder.
      const end = chunk.lastIndexOf(NEWLINE) + 1
      if (end === 0) {
        rest = rest === undefined ? chunk : Buffer.concat([rest, chunk])
        return
      }
      const lines = chunk.toString('utf8', 0, end)
      if (rest === undefined) parser.feed(lines)
      else parser.feed(Buffer.concat([rest, chunk.subarray(0, end)]).toString('utf8'))
      rest = end === chunk.length ? undefined : chunk.subarray(end)
    },
  }
}

function readEvent(data: string, answer: Answer, now: () => number, keepText: boolean) {
  if (data === '[DONE]') {
    answer.finished = true
    return
  }
  if (!keepText && answer.firstContentAt !== undefined && isMiddleToken(data)) {
    answer.contentEvents++
    return
  }
  const event = parseObject(data)
  if (event === undefined) {
    answer.problem ??= { kind: 'bad-event', message: `expected a JSON object, found ${data.slice(0, 80)}` }
    return
  }
  if (event['error'] !== undefined && event['error'] !== null) {
    answer.problem ??= { kind: 'engine-error', message: JSON.stringify(event['error']).slice(0, 200) }
    return
  }
  const choices = event['choices']
  const choice: unknown = Array.isArray(choices) ? choices[0] : undefined
  if (isObject(choice)) readChoice(choice, answer, now, keepText)
  if (event['usage'] !== undefined && event['usage'] !== null) readUsage(event['usage'], answer)
}

/**
 * Whether an event after the first token can only be one more token, told by its text: parsing every event would cost
 * the load generator more than anything else it does. Events written in any other way are parsed.
 */
function isMiddleToken(data: string): boolean {
  return data.includes('"finish_reason":null') && !data.includes('"usage":{') && !data.includes('"error"')
}

function readChoice(choice: Record<string, unknown>, answer: Answer, now: () => number, keepText: boolean) {
  const delta = choice['delta']
  const content = isObject(delta) ? delta['content'] : choice['text']
  if (typeof content === 'string' && content !== '') {
    answer.contentEvents++
    answer.firstContentAt ??= now()
    if (keepText) answer.text += content
  } else if (isObject(delta) && hasOtherOutput(delta)) {
    answer.contentEvents++
    answer.firstContentAt ??= now()
  }
  if (typeof choice['finish_reason'] === 'string') answer.finished = true
}

/** Generated tokens that are no part of the answer's text: reasoning and tool calls. */
function hasOtherOutput(delta: Record<string, unknown>): boolean {
  const reasoning = delta['reasoning_content'] ?? delta['reasoning']
  const calls = delta['tool_calls']
  return (typeof reasoning === 'string' && reasoning !== '') || (Array.isArray(calls) && calls.length > 0)
}

function readUsage(value: unknown, answer: Answer) {
  const usage = usageSchema.safeParse(value)
  if (!usage.success) return
  answer.usage = {
    promptTokens: usage.data.prompt_tokens,
    outputTokens: usage.data.completion_tokens,
    cachedTokens: usage.data.prompt_tokens_details?.cached_tokens ?? undefined,
  }
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
