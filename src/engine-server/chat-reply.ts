import type { Generation } from './generation.ts'
import type { ReplyHead, ReplyShape } from './reply-shape.ts'
import { answerText, isLast, openaiUsage } from './reply-shape.ts'

/** Answers of `/v1/chat/completions`, as vLLM writes them. */
export function chatReply({ id, created, model }: ReplyHead, includeUsage: boolean): ReplyShape {
  const name = JSON.stringify(model)
  const chunk = `data: {"id":"chatcmpl-${id}","object":"chat.completion.chunk","created":${created},"model":${name}`
  const choice = ({ index }: Generation, delta: string, reason: string): string =>
    `${chunk},"choices":[{"index":${index},"delta":${delta},"logprobs":null,"finish_reason":${reason}}]}\n\n`
  return {
    token(generation, index) {
      const role = index === 0 ? choice(generation, '{"role":"assistant","content":""}', 'null') : ''
      const text = generation.answer.text(index)
      const last = isLast(generation, index)
      const reason = last ? `"${finishReason(generation)}"` : 'null'
      if (generation.answer.tool === undefined) return role + choice(generation, `{"content":"${text}"}`, reason)
      const call = index === 0 ? choice(generation, toolDelta(id, generation), 'null') : ''
      const part = text === '' ? '' : choice(generation, argumentsDelta(text), 'null')
      return role + call + part + (last ? choice(generation, '{}', reason) : '')
    },
    end(generations) {
      const usage = includeUsage ? `${chunk},"choices":[],"usage":${JSON.stringify(openaiUsage(generations))}}\n\n` : ''
      return `${usage}data: [DONE]\n\n`
    },
    body: (generations) => ({
      id: `chatcmpl-${id}`,
      object: 'chat.completion',
      created,
      model,
      choices: generations.map((generation) => ({
        index: generation.index,
        message: message(id, generation),
        logprobs: null,
        finish_reason: finishReason(generation),
        stop_reason: null,
      })),
      usage: openaiUsage(generations),
      prompt_logprobs: null,
    }),
  }
}

function finishReason({ answer, finish }: Generation): string {
  return answer.tool !== undefined && finish === 'stop' ? 'tool_calls' : finish
}

function callId(id: string, { index }: Generation): string {
  return `chatcmpl-tool-${id}-${index}`
}

function toolDelta(id: string, generation: Generation): string {
  const name = generation.answer.tool ?? ''
  const called = { name, arguments: '' }
  return JSON.stringify({ tool_calls: [{ id: callId(id, generation), type: 'function', index: 0, function: called }] })
}

function argumentsDelta(text: string): string {
  return `{"tool_calls":[{"index":0,"function":{"arguments":${JSON.stringify(text)}}}]}`
}

function message(id: string, generation: Generation): object {
  const text = answerText(generation)
  const { tool } = generation.answer
  if (tool === undefined) return { role: 'assistant', content: text, tool_calls: [] }
  const called = { name: tool, arguments: text }
  return {
    role: 'assistant',
    content: null,
    tool_calls: [{ id: callId(id, generation), type: 'function', function: called }],
  }
}
