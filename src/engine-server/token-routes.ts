import { z } from 'zod'
import { chatConversation, conversationFields } from './chat-body.ts'
import { renderConversation } from './chat-template.ts'
import type { EngineContext } from './engine-context.ts'
import { checkModel } from './engine-context.ts'
import { countTokensBody, messagesConversation } from './messages-body.ts'
import { parseBody } from './parse-body.ts'
import { TOKEN_BYTES } from './prompt-writer.ts'
import { tokensSchema, writePrompt } from './prompts.ts'

const common = { model: z.string().nullish(), return_token_strs: z.boolean().nullish() }

const tokenizeBody = z.union([
  z.object({ ...common, prompt: z.string() }),
  z.object({ ...common, ...conversationFields, add_generation_prompt: z.boolean().nullish() }),
])

const detokenizeBody = z.object({ model: z.string().nullish(), tokens: tokensSchema })

/** `POST /tokenize`: a token is the little-endian number of its four bytes, the last one filled up with zeros. */
export function tokenize(context: EngineContext, json: unknown): object {
  const body = parseBody(tokenizeBody, json)
  checkModel(context, body.model)
  const { writer, contextTokens } = context
  if ('prompt' in body) writePrompt(writer, body.prompt)
  else {
    writer.truncate(0)
    renderConversation(writer, chatConversation(body), body.add_generation_prompt !== false)
  }
  const tokens = [...writer.tokens()]
  const strings = body.return_token_strs === true ? tokens.map((token) => textOf([token])) : null
  return { count: tokens.length, max_model_len: contextTokens, tokens, token_strs: strings }
}

/** `POST /detokenize` */
export function detokenize(context: EngineContext, json: unknown): object {
  const body = parseBody(detokenizeBody, json)
  checkModel(context, body.model)
  return { prompt: textOf(body.tokens) }
}

/** `POST /v1/messages/count_tokens` */
export function countTokens(context: EngineContext, json: unknown): object {
  const body = parseBody(countTokensBody, json)
  checkModel(context, body.model)
  const { writer } = context
  writer.truncate(0)
  renderConversation(writer, messagesConversation(body))
  return { input_tokens: writer.length / TOKEN_BYTES }
}

function textOf(tokens: readonly number[]): string {
  const words = Uint32Array.from(tokens)
  return Buffer.from(words.buffer).toString().replace(/\0+$/, '')
}
