import type { Generation } from './generation.ts'
import type { ReplyHead, ReplyShape } from './reply-shape.ts'
import { answerText, isLast, tokenCounts } from './reply-shape.ts'

/** Answers of `/v1/messages` under Anthropic's protocol. */
export function messagesReply({ id, model }: ReplyHead): ReplyShape {
  const message = { id: `msg_${id}`, type: 'message', role: 'assistant', model }
  const event = (type: string, fields: object): string =>
    `event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`
  const opening = (generation: Generation): string => {
    const open = { ...message, content: [], stop_reason: null, stop_sequence: null, usage: usage(generation, 0) }
    const block = contentBlock(id, generation, '')
    return event('message_start', { message: open }) + event('content_block_start', { index: 0, content_block: block })
  }
  const closing = (generation: Generation): string => {
    const delta = { stop_reason: stopReason(generation), stop_sequence: null }
    const outputTokens = { output_tokens: generation.outputTokens }
    return event('content_block_stop', { index: 0 }) + event('message_delta', { delta, usage: outputTokens })
  }
  return {
    token(generation, index) {
      const open = index === 0 ? opening(generation) : ''
      return open + blockDelta(generation, index) + (isLast(generation, index) ? closing(generation) : '')
    },
    end: () => event('message_stop', {}),
    body([generation]) {
      if (generation === undefined) return message
      return {
        ...message,
        content: [contentBlock(id, generation, answerText(generation))],
        stop_reason: stopReason(generation),
        stop_sequence: null,
        usage: usage(generation, generation.outputTokens),
      }
    },
  }
}

function blockDelta({ answer }: Generation, index: number): string {
  const text = answer.text(index)
  const head = 'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,"delta":'
  if (answer.tool === undefined) return `${head}{"type":"text_delta","text":"${text}"}}\n\n`
  return text === '' ? '' : `${head}{"type":"input_json_delta","partial_json":${JSON.stringify(text)}}}\n\n`
}

function contentBlock(id: string, { answer, finish }: Generation, text: string): object {
  if (answer.tool === undefined) return { type: 'text', text }
  // What the limit cut off is no JSON.
  const input: unknown = text === '' || finish !== 'stop' ? {} : JSON.parse(text)
  return { type: 'tool_use', id: `toolu_${id}`, name: answer.tool, input }
}

/** Anthropic counts what was read from the cache beside the input tokens, not among them. */
function usage(generation: Generation, outputTokens: number): object {
  const { prompt, cached } = tokenCounts([generation])
  return {
    input_tokens: prompt - cached,
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: cached,
    output_tokens: outputTokens,
  }
}

function stopReason({ answer, finish }: Generation): string {
  if (finish === 'length') return 'max_tokens'
  return answer.tool === undefined ? 'end_turn' : 'tool_use'
}
