import { z } from 'zod'
import { chatBody, chatConversation, conversationFields } from '../chat-body.ts'
import type { EngineContext } from '../engine-context.ts'
import { checkModel } from '../engine-context.ts'
import type { RouteTable } from '../engine-route.ts'
import { answers } from '../engine-route.ts'
import { parseBody } from '../parse-body.ts'
import { tokensSchema } from '../prompts.ts'
import { after } from '../tokens/after.ts'
import { chatIds, idsText, textIds } from '../tokens/prompt-ids.ts'
import { chatText } from '../tokens/tokenized.ts'

const LLAMA_BUILD = 'b11669-simulated'

const tokenizeBody = z.object({
  content: z.string(),
  add_special: z.boolean().nullish(),
  with_pieces: z.boolean().nullish(),
})

const detokenizeBody = z.object({ tokens: tokensSchema })

/** The routes that llama.cpp's server has and others do not, or not like this. */
export const LLAMA_ROUTES: RouteTable = [
  ['POST /tokenize', answers(tokenize)],
  [
    'POST /detokenize',
    answers((context, json) => ({ content: idsText(context, parseBody(detokenizeBody, json).tokens) })),
  ],
  ['POST /apply-template', answers(applyTemplate)],
  ['POST /v1/chat/completions/input_tokens', answers(countInput)],
  ['GET /props', answers(props)],
  ['GET /slots', answers(slots)],
  [
    'GET /lora-adapters',
    answers(({ adapters }) => adapters.list().map(({ id, path }) => ({ id: id - 1, path, scale: 1 }))),
  ],
]

/** Special tokens are added where asked for only, other than by the engines that speak OpenAI's protocol natively. */
function tokenize(context: EngineContext, json: unknown): object | Promise<object> {
  const body = parseBody(tokenizeBody, json)
  return after(textIds(context, body.content, body.add_special === true), (tokens) => ({
    tokens: body.with_pieces === true ? tokens.map((id) => ({ id, piece: idsText(context, [id]) })) : tokens,
  }))
}

/** Its answer, tokenized, has the tokens of the chat request: an answer always follows. */
function applyTemplate(context: EngineContext, json: unknown): object {
  const body = parseBody(z.looseObject(conversationFields), json)
  return { prompt: chatText(context, chatConversation(body), body) }
}

function countInput(context: EngineContext, json: unknown): object | Promise<object> {
  const body = parseBody(chatBody, json)
  checkModel(context, body.model)
  const raw = typeof json === 'object' && json !== null ? json : body
  const tokens = chatIds(context, chatConversation(body), raw, true)
  return after(tokens, ({ length }) => ({ object: 'response.input_tokens', input_tokens: length }))
}

function props(context: EngineContext): object {
  const { options, ranks } = context
  return {
    default_generation_settings: { n_ctx: slotTokens(context) },
    total_slots: options.profile.maxSequences * ranks.length,
    model_alias: options.model,
    model_path: options.tokenizer ?? options.model,
    chat_template: 'chatml',
    build_info: LLAMA_BUILD,
    is_sleeping: false,
  }
}

/** Running requests in the first slots; requests that wait have none. */
function slots(context: EngineContext): object {
  const { options, ranks } = context
  for (const { driver } of ranks) driver.wake()
  const context_tokens = slotTokens(context)
  const running = ranks.flatMap(({ driver }) => [...driver.requests()].filter(({ waiting }) => !waiting))
  return Array.from({ length: options.profile.maxSequences * ranks.length }, (_, id) => {
    const generation = running[id]?.generation
    const slot = { id, n_ctx: context_tokens, speculative: false, is_processing: generation !== undefined }
    if (generation === undefined) return slot
    const cached = generation.sequence?.cachedTokens ?? 0
    return {
      ...slot,
      id_task: id,
      n_prompt_tokens: generation.promptTokens,
      n_prompt_tokens_processed: generation.promptTokens - cached,
      n_prompt_tokens_cache: cached,
    }
  })
}

/** The KV cache divided by the slots, as without `--kv-unified`. */
function slotTokens({ options: { profile } }: EngineContext): number {
  return Math.floor(profile.kvTokens / profile.maxSequences)
}
