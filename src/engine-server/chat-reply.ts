import type { Generation } from './generation.ts'
import type { ReplyExtras, ReplyHead, ReplyShape } from './reply-shape.ts'
import { answerText, answerTokenIds, isLast, openaiUsage, promptTokenIds, usageAt } from './reply-shape.ts'

/** Answers of `/v1/chat/completions`, as vLLM writes them. */
export function chatReply({ id, created, model, reportCachedTokens }: ReplyHead, extras: ReplyExtras): ReplyShape {
  const name = JSON.stringify(model)
  const chunk = `data: {"id":"chatcmpl-${id}","object":"chat.completion.chunk","created":${created},"model":${name}`
  const chatty = extras.usageInChunks || extras.tokenIds
  const choice = (generation: Generation, delta: string, reason: string, index = -1): string => {
    const more = chatty ? chunkExtras(generation, index, extras) : NO_EXTRAS
    const body = `"index":${generation.index},"delta":${delta},"logprobs":null,"finish_reason":${reason}`
    return `${chunk},"choices":[{${body}${more.choice}}]${more.chunk}}\n\n`
  }
  return {
    token(generation, index) {
      const role = index === 0 ? choice(generation, '{"role":"assistant","content":""}', 'null') : ''
      const text = generation.answer.text(index)
      const last = isLast(generation, index)
      const reason = last ? `"${finishReason(generation)}"` : 'null'
      if (generation.answer.tool === undefined) return role + choice(generation, `{"content":"${text}"}`, reason, index)
      const call = index === 0 ? choice(generation, toolDelta(id, generation), 'null') : ''
      const part = text === '' ? '' : choice(generation, argumentsDelta(text), 'null', index)
      return role + call + part + (last ? choice(generation, '{}', reason) : '')
    },
    aborted: (generation) => choice(generation, '{}', '"abort"'),
    end(generations) {
      const usage = extras.usage
        ? `${chunk},"choices":[],"usage":${JSON.stringify(openaiUsage(generations, reportCachedTokens))}}\n\n`
        : ''
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
        ...(extras.tokenIds ? { token_ids: answerTokenIds(generation) } : {}),
      })),
      usage: openaiUsage(generations, reportCachedTokens),
      prompt_logprobs: null,
      ...(extras.tokenIds ? { prompt_token_ids: generations[0] && promptTokenIds(generations[0]) } : {}),
    }),
  }
}

const NO_EXTRAS = { choice: '', chunk: '' }

/** The prompt's ids stand in the first event of an answer, and each token's id beside its text. */
function chunkExtras(generation: Generation, index: number, extras: ReplyExtras): typeof NO_EXTRAS {
  const usage = extras.usageInChunks ? `,"usage":${usageAt(generation, index)}` : ''
  if (!extras.tokenIds) return { choice: '', chunk: usage }
  if (index < 0)
    return { choice: '', chunk: `,"prompt_token_ids":${JSON.stringify(promptTokenIds(generation))}${usage}` }
  return { choice: `,"token_ids":[${answerTokenIds(generation)[index] ?? ''}]`, chunk: usage }
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
