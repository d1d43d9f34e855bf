import { z } from 'zod'
import type { Plan } from './call.ts'
import { chatBody, chatConversation } from './chat-body.ts'
import { chatReply } from './chat-reply.ts'
import type { Conversation } from './chat-template.ts'
import { renderConversation } from './chat-template.ts'
import { completionsReply } from './completions-reply.ts'
import type { EngineContext } from './engine-context.ts'
import { checkModel, replyHead } from './engine-context.ts'
import { EngineError } from './engine-error.ts'
import type { Generation, Sampling } from './generation.ts'
import { createGeneration } from './generation.ts'
import { messagesBody, messagesConversation } from './messages-body.ts'
import { messagesReply } from './messages-reply.ts'
import { parseBody } from './parse-body.ts'
import { promptList, promptsSchema, writePrompt } from './prompts.ts'
import { responsesBody, responsesConversation } from './responses-body.ts'
import { responsesReply } from './responses-reply.ts'
import { answerCount, samplingFields, samplingOf, streamOptions, tokenLimit } from './sampling-fields.ts'
import { toolCallFor } from './tool-choice.ts'

const completionsBody = z.object({
  ...samplingFields,
  prompt: promptsSchema,
  max_tokens: tokenLimit,
  n: answerCount,
  stream_options: streamOptions,
})

/** `POST /v1/chat/completions` */
export function planChat(context: EngineContext, json: unknown, id: string): Plan {
  const body = parseBody(chatBody, json)
  checkModel(context, body.model)
  const maxTokens = body.max_completion_tokens ?? body.max_tokens ?? undefined
  const sampling = { ...samplingOf(body), maxTokens }
  return {
    stream: body.stream === true,
    generations: answersTo(context, chatConversation(body), sampling, body.n ?? 1),
    shape: chatReply(replyHead(context, id), body.stream_options?.include_usage === true),
  }
}

/** `POST /v1/completions`: one answer, or `n`, to each prompt. */
export function planCompletions(context: EngineContext, json: unknown, id: string): Plan {
  const body = parseBody(completionsBody, json)
  checkModel(context, body.model)
  const sampling = { ...samplingOf(body), maxTokens: body.max_tokens ?? undefined }
  const each = body.n ?? 1
  const generations = promptList(body.prompt).flatMap((prompt, at) => {
    writePrompt(context.writer, prompt)
    return generationsOf(context, sampling, each, at * each)
  })
  return {
    stream: body.stream === true,
    generations,
    shape: completionsReply(replyHead(context, id), body.stream_options?.include_usage === true),
  }
}

/** `POST /v1/messages` */
export function planMessages(context: EngineContext, json: unknown, id: string): Plan {
  const body = parseBody(messagesBody, json)
  checkModel(context, body.model)
  const sampling = { ...samplingOf(body), maxTokens: body.max_tokens }
  return {
    stream: body.stream === true,
    generations: answersTo(context, messagesConversation(body), sampling, 1),
    shape: messagesReply(replyHead(context, id)),
  }
}

/** `POST /v1/responses`; nothing is stored, so no earlier response can be referred to. */
export function planResponses(context: EngineContext, json: unknown, id: string): Plan {
  const body = parseBody(responsesBody, json)
  checkModel(context, body.model)
  const earlier = body.previous_response_id
  if (earlier) throw new EngineError(404, `Response with id '${earlier}' not found.`, 'previous_response_id')
  const sampling = { ...samplingOf(body), maxTokens: body.max_output_tokens ?? undefined }
  return {
    stream: body.stream === true,
    generations: answersTo(context, responsesConversation(body), sampling, 1),
    shape: responsesReply(replyHead(context, id)),
  }
}

function answersTo(
  context: EngineContext,
  conversation: Conversation,
  sampling: Sampling,
  count: number,
): Generation[] {
  context.writer.truncate(0)
  renderConversation(context.writer, conversation)
  return generationsOf(context, { ...sampling, tool: toolCallFor(conversation) }, count, 0)
}

function generationsOf(context: EngineContext, sampling: Sampling, count: number, first: number): Generation[] {
  return Array.from({ length: count }, (_, at) =>
    createGeneration(context.writer, sampling, context, { index: first + at, choice: at }),
  )
}
