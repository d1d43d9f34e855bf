import type { PromptMessage, WorkloadRequest } from '../workload/workload.ts'
import type { TextSynthesizer } from '../workload/synthesize-text.ts'

/** The API that load is sent through. */
export type BenchRoute = 'chat' | 'completions'

/** Path of each API below the target's prefix. */
export const routePaths: Readonly<Record<BenchRoute, string>> = {
  chat: '/v1/chat/completions',
  completions: '/v1/completions',
}

/** What a body needs to know besides the request. */
export interface BodyOptions {
  readonly model: string
  readonly route: BenchRoute
  readonly text: TextSynthesizer
  /** Ask engines that know `ignore_eos` to go on to the full length. */
  readonly ignoreEos: boolean
}

/**
 * The JSON body of a request: always a stream with a usage block at its end, at temperature 0.
 * @param answers real answers by index in the session; where one is missing the recorded stand-in is used
 */
export function requestBody(
  request: WorkloadRequest,
  options: BodyOptions,
  answers: readonly (string | undefined)[],
): string {
  const settings =
    `"max_tokens":${request.outputTokens},"temperature":0,"stream":true,"stream_options":{"include_usage":true}` +
    (options.ignoreEos ? ',"ignore_eos":true' : '')
  const model = JSON.stringify(options.model)
  if (options.route === 'completions') {
    return `{"model":${model},"prompt":${plainPrompt(request, options.text, answers)},${settings}}`
  }
  const messages = request.messages.map((message) => chatMessage(message, options.text, answers)).join(',')
  return `{"model":${model},"messages":[${messages}],${settings}}`
}

function chatMessage(message: PromptMessage, text: TextSynthesizer, answers: readonly (string | undefined)[]): string {
  let json = `{"role":"${message.role}","content":${contentJson(message, text, answers)}`
  if (message.toolCall !== undefined) {
    const { id, name, arguments: args } = message.toolCall
    json += `,"tool_calls":${JSON.stringify([{ id, type: 'function', function: { name, arguments: args } }])}`
  }
  if (message.toolCallId !== undefined) json += `,"tool_call_id":${JSON.stringify(message.toolCallId)}`
  return `${json}}`
}

/** One message stands for itself; a conversation is written as lines that begin with the role. */
function plainPrompt(
  request: WorkloadRequest,
  text: TextSynthesizer,
  answers: readonly (string | undefined)[],
): string {
  const [only, second] = request.messages
  if (only !== undefined && second === undefined) return contentJson(only, text, answers)
  const lines = request.messages.map((message) => `${message.role}:${contentText(message, text, answers)}\n`)
  return JSON.stringify(`${lines.join('')}assistant:`)
}

function contentJson(message: PromptMessage, text: TextSynthesizer, answers: readonly (string | undefined)[]): string {
  const answer = answerOf(message, answers)
  // Synthesized text holds nothing that JSON would escape.
  return answer === undefined ? `"${text.text(message.parts)}"` : JSON.stringify(answer)
}

function contentText(message: PromptMessage, text: TextSynthesizer, answers: readonly (string | undefined)[]): string {
  return answerOf(message, answers) ?? text.text(message.parts)
}

function answerOf(message: PromptMessage, answers: readonly (string | undefined)[]): string | undefined {
  return message.answerOf === undefined ? undefined : answers[message.answerOf]
}
