import type { Generation } from './generation.ts'
import type { ReplyHead, ReplyShape } from './reply-shape.ts'
import { answerText, isLast, tokenCounts } from './reply-shape.ts'

/** Answers of `/v1/responses` under OpenAI's protocol. */
export function responsesReply({ id, created, model }: ReplyHead): ReplyShape {
  const response = { id: `resp_${id}`, object: 'response', created_at: created, model, error: null }
  let sequence = 0
  const event = (type: string, fields: object): string =>
    `event: ${type}\ndata: ${JSON.stringify({ type, sequence_number: sequence++, ...fields })}\n\n`
  const opening = (generation: Generation): string => {
    const open = { ...response, status: 'in_progress', output: [], usage: null }
    const item = outputItem(id, generation, '', 'in_progress')
    return (
      event('response.created', { response: open }) +
      event('response.in_progress', { response: open }) +
      event('response.output_item.added', { output_index: 0, item }) +
      (generation.answer.tool === undefined
        ? event('response.content_part.added', { ...partOf(id), part: textPart('') })
        : '')
    )
  }
  const textDelta = (text: string): string =>
    `event: response.output_text.delta\ndata: {"type":"response.output_text.delta","sequence_number":${sequence++},` +
    `"item_id":"msg_${id}","output_index":0,"content_index":0,"logprobs":[],"delta":"${text}"}\n\n`
  const delta = (generation: Generation, text: string): string => {
    if (generation.answer.tool === undefined) return textDelta(text)
    return text === '' ? '' : event('response.function_call_arguments.delta', { ...callOf(id), delta: text })
  }
  const closing = (generation: Generation): string => {
    const text = answerText(generation)
    const { tool } = generation.answer
    const done =
      tool === undefined
        ? event('response.output_text.done', { ...partOf(id), text }) +
          event('response.content_part.done', { ...partOf(id), part: textPart(text) })
        : event('response.function_call_arguments.done', { ...callOf(id), name: tool, arguments: text })
    return (
      done +
      event('response.output_item.done', { output_index: 0, item: outputItem(id, generation, text, 'completed') })
    )
  }
  const body = (generations: readonly Generation[]): object => ({
    ...response,
    ...endState(generations),
    output: generations.map((generation) => outputItem(id, generation, answerText(generation), 'completed')),
    parallel_tool_calls: true,
    tool_choice: 'auto',
    tools: [],
    usage: usage(generations),
  })
  return {
    token(generation, index) {
      const open = index === 0 ? opening(generation) : ''
      return (
        open + delta(generation, generation.answer.text(index)) + (isLast(generation, index) ? closing(generation) : '')
      )
    },
    // vLLM says completed even when the answer was cut off; the response's status tells.
    end: (generations) => event('response.completed', { response: body(generations) }),
    body,
  }
}

function partOf(id: string): object {
  return { item_id: `msg_${id}`, output_index: 0, content_index: 0, logprobs: [] }
}

function callOf(id: string): object {
  return { item_id: `fc_${id}`, output_index: 0 }
}

function textPart(text: string): object {
  return { type: 'output_text', text, annotations: [], logprobs: [] }
}

function outputItem(id: string, { answer }: Generation, text: string, status: string): object {
  if (answer.tool !== undefined) {
    return { type: 'function_call', id: `fc_${id}`, call_id: `call_${id}`, name: answer.tool, arguments: text, status }
  }
  const content = status === 'completed' ? [textPart(text)] : []
  return { type: 'message', id: `msg_${id}`, role: 'assistant', status, content }
}

function endState([generation]: readonly Generation[]): object {
  if (generation?.finish !== 'length') return { status: 'completed', incomplete_details: null }
  return { status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } }
}

function usage(generations: readonly Generation[]): object {
  const { prompt, cached, output } = tokenCounts(generations)
  return {
    input_tokens: prompt,
    input_tokens_details: { cached_tokens: cached },
    output_tokens: output,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: prompt + output,
  }
}
