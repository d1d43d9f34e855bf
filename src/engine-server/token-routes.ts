import { z } from 'zod'
import { chatConversation, conversationFields } from './chat-body.ts'
import type { EngineContext } from './engine-context.ts'
import { checkModel } from './engine-context.ts'
import { EngineError } from './engine-error.ts'
import { countTokensBody, messagesConversation } from './messages-body.ts'
import { parseBody } from './parse-body.ts'
import { tokensSchema } from './prompts.ts'
import { after } from './tokens/after.ts'
import { chatIds, idsText, textIds } from './tokens/prompt-ids.ts'

const common = {
  model: z.string().nullish(),
  return_token_strs: z.boolean().nullish(),
  add_special_tokens: z.boolean().nullish(),
}

const tokenizeBody = z.union([
  z.object({ ...common, prompt: z.string() }),
  z.looseObject({
    ...common,
    ...conversationFields,
    add_generation_prompt: z.boolean().nullish(),
    continue_final_message: z.boolean().nullish(),
  }),
])

const detokenizeBody = z.object({ model: z.string().nullish(), tokens: tokensSchema })

/**
 * `POST /tokenize` as vLLM has it. Without a model's tokenizer a token is the little-endian number of its four bytes, the
 * last one filled up with zeros.
 */
export function tokenize(context: EngineContext, json: unknown): object | Promise<object> {
  const body = parseBody(tokenizeBody, json)
  checkModel(context, body.model)
  const found =
    'messages' in body ? ids(context, body) : textIds(context, body.prompt, body.add_special_tokens !== false)
  return after(found, (tokens) => {
    const strings = body.return_token_strs === true ? tokens.map((token) => idsText(context, [token])) : null
    return { count: tokens.length, max_model_len: context.contextTokens, tokens, token_strs: strings }
  })
}

type MessagesBody = Extract<z.infer<typeof tokenizeBody>, { readonly messages: unknown }>

function ids(context: EngineContext, body: MessagesBody): ReturnType<typeof chatIds> {
  const answerFollows = body.add_generation_prompt !== false
  if (answerFollows && body.add_generation_prompt === true && body.continue_final_message === true) {
    throw new EngineError(400, 'Cannot set both `continue_final_message` and `add_generation_prompt` to True.')
  }
  return chatIds(context, chatConversation(body), body, answerFollows)
}

/** `POST /detokenize` as vLLM has it. */
export function detokenize(context: EngineContext, json: unknown): object {
  const body = parseBody(detokenizeBody, json)
  checkModel(context, body.model)
  return { prompt: idsText(context, body.tokens) }
}

/** `POST /v1/messages/count_tokens` */
export function countTokens(context: EngineContext, json: unknown): object | Promise<object> {
  const body = parseBody(countTokensBody, json)
  checkModel(context, body.model)
  const counted = chatIds(context, messagesConversation(body), body, true)
  return after(counted, (tokens) => ({ input_tokens: tokens.length }))
}
