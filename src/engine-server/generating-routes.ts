import { z } from 'zod'
import type { Plan } from './call.ts'
import { chatBody, chatConversation } from './chat-body.ts'
import { chatReply } from './chat-reply.ts'
import type { Conversation } from './chat-template.ts'
import { completionsReply } from './completions-reply.ts'
import type { EngineContext } from './engine-context.ts'
import { checkModel, replyHead } from './engine-context.ts'
import { EngineError } from './engine-error.ts'
import type { Generation, Sampling } from './generation.ts'
import { createGeneration } from './generation.ts'
import { messagesBody, messagesConversation } from './messages-body.ts'
import { messagesReply } from './messages-reply.ts'
import { parseBody } from './parse-body.ts'
import type { Prompt } from './prompts.ts'
import { promptList, promptsSchema, tokensSchema, writePrompt } from './prompts.ts'
import { responsesBody, responsesConversation } from './responses-body.ts'
import { responsesReply } from './responses-reply.ts'
import { answerCount, extrasOf, samplingFields, samplingOf, streamOptions, tokenLimit } from './sampling-fields.ts'
import { after } from './tokens/after.ts'
import { tokenizedConversation, tokenizedPrompts, writeConversation } from './tokens/tokenized.ts'
import { toolCallFor } from './tool-choice.ts'

/** The body of `/v1/completions`; `prompt_token_ids` stands for a prompt that is tokens already. */
export const completionsBody = z.object({
  ...samplingFields,
  prompt: promptsSchema.nullish(),
  prompt_token_ids: tokensSchema.nullish(),
  add_special_tokens: z.boolean().nullish(),
  max_tokens: tokenLimit,
  n: answerCount,
  stream_options: streamOptions,
})

/** The prompts of such a body, one by one. Throws an EngineError of status 400 when there is none. */
export function completionPrompts(body: z.infer<typeof completionsBody>): Prompt[] {
  const given = body.prompt ?? body.prompt_token_ids ?? undefined
  if (given === undefined) throw new EngineError(400, 'prompt: expected a text or token ids, found nothing', 'prompt')
  return promptList(given)
}

/** What a generating route does: a plan at once, or later where prompts go through a model's tokenizer. */
export type Planner = (context: EngineContext, json: unknown, id: string) => Plan | Promise<Plan>

/** `POST /v1/chat/completions` */
export const planChat: Planner = (context, json, id) => {
  const body = parseBody(chatBody, json)
  const adapter = checkModel(context, body.model)
  const maxTokens = body.max_completion_tokens ?? body.max_tokens ?? undefined
  const sampling = { ...samplingOf(body), maxTokens, adapter }
  const shape = chatReply(replyHead(context, id, adapter), extrasOf(body))
  const answers = answersTo(context, chatConversation(body), sampling, body.n ?? 1, objectOf(json))
  return after(answers, (generations) => ({ stream: body.stream === true, generations, shape }))
}

/** `POST /v1/completions`: one answer, or `n`, to each prompt. */
export const planCompletions: Planner = (context, json, id) => {
  const body = parseBody(completionsBody, json)
  const adapter = checkModel(context, body.model)
  const sampling = { ...samplingOf(body), maxTokens: body.max_tokens ?? undefined, adapter }
  const each = body.n ?? 1
  const shape = completionsReply(replyHead(context, id, adapter), extrasOf(body))
  const prompts = tokenizedPrompts(context, completionPrompts(body), body.add_special_tokens !== false)
  return after(prompts, (list) => {
    const generations = list.flatMap((prompt, at) => {
      writePrompt(context.writer, prompt)
      return generationsOf(context, sampling, each, at * each)
    })
    return { stream: body.stream === true, generations, shape }
  })
}

/** `POST /v1/messages` */
export const planMessages: Planner = (context, json, id) => {
  const body = parseBody(messagesBody, json)
  const adapter = checkModel(context, body.model)
  const sampling = { ...samplingOf(body), maxTokens: body.max_tokens, adapter }
  const answers = answersTo(context, messagesConversation(body), sampling, 1)
  const shape = messagesReply(replyHead(context, id, adapter))
  return after(answers, (generations) => ({ stream: body.stream === true, generations, shape }))
}

/** `POST /v1/responses`; nothing is stored, so no earlier response can be referred to. */
export const planResponses: Planner = (context, json, id) => {
  const body = parseBody(responsesBody, json)
  const adapter = checkModel(context, body.model)
  const earlier = body.previous_response_id
  if (earlier) throw new EngineError(404, `Response with id '${earlier}' not found.`, 'previous_response_id')
  const sampling = { ...samplingOf(body), maxTokens: body.max_output_tokens ?? undefined, adapter }
  const answers = answersTo(context, responsesConversation(body), sampling, 1)
  const shape = responsesReply(replyHead(context, id, adapter))
  return after(answers, (generations) => ({ stream: body.stream === true, generations, shape }))
}

function answersTo(
  context: EngineContext,
  conversation: Conversation,
  sampling: Sampling,
  count: number,
  body?: object,
): Generation[] | Promise<Generation[]> {
  return after(tokenizedConversation(context, conversation, body), (prompt) => {
    writeConversation(context.writer, prompt)
    return generationsOf(context, { ...sampling, tool: toolCallFor(conversation) }, count, 0)
  })
}

/** So many answers to the prompt in the writer; `first` is the position of the first of them. */
export function generationsOf(context: EngineContext, sampling: Sampling, count: number, first: number): Generation[] {
  return Array.from({ length: count }, (_, at) =>
    createGeneration(context.writer, sampling, context, { index: first + at, choice: at }),
  )
}

function objectOf(json: unknown): object | undefined {
  return typeof json === 'object' && json !== null ? json : undefined
}
