import { z } from 'zod'
import { chatBody, chatConversation } from '../chat-body.ts'
import type { EngineContext } from '../engine-context.ts'
import { checkModel } from '../engine-context.ts'
import { EngineError } from '../engine-error.ts'
import type { RouteTable } from '../engine-route.ts'
import { answers, says } from '../engine-route.ts'
import { completionPrompts, completionsBody } from '../generating-routes.ts'
import { parseBody } from '../parse-body.ts'
import type { samplingOf } from '../sampling-fields.ts'
import { detokenize, tokenize } from '../token-routes.ts'
import { after } from '../tokens/after.ts'
import { chatIds } from '../tokens/prompt-ids.ts'
import { tokenizedPrompts } from '../tokens/tokenized.ts'
import { writePrompt } from '../prompts.ts'

const loadLora = z.object({ lora_name: z.string(), lora_path: z.string() })
const unloadLora = z.object({ lora_name: z.string() })

/** The routes that vLLM has and others do not, or not like this. */
export const VLLM_ROUTES: RouteTable = [
  ['POST /tokenize', answers(tokenize)],
  ['POST /detokenize', answers(detokenize)],
  ['POST /v1/chat/completions/render', answers(renderChat)],
  ['POST /v1/completions/render', answers(renderCompletions)],
  ['GET /load', answers(({ ranks }) => ({ server_load: ranks.reduce((sum, { requests }) => sum + requests, 0) }))],
  ['GET /kv_event_sources', answers(({ ranks }) => ranks.flatMap(({ outlet }) => outlet?.source ?? []))],
  ['GET /is_sleeping', answers(() => ({ is_sleeping: false }))],
  ['POST /reset_prefix_cache', says(resetPrefixCache)],
  [
    'POST /v1/load_lora_adapter',
    says(({ adapters }, json) => {
      const { lora_name: name, lora_path: path } = parseBody(loadLora, json)
      adapters.load(name, path)
      return `Success: LoRA adapter '${name}' added successfully.`
    }),
  ],
  [
    'POST /v1/unload_lora_adapter',
    says(({ adapters }, json) => {
      const { lora_name: name } = parseBody(unloadLora, json)
      adapters.unload(name)
      return `Success: LoRA adapter '${name}' removed successfully.`
    }),
  ],
]

/** Empties the caches. While a request runs, nothing is done, and the answer is 503. */
export function resetPrefixCache(context: EngineContext): string {
  clearCaches(context, 503)
  return ''
}

/** Empties the caches of all ranks, or throws an EngineError of the given status when one of them is in use. */
export function clearCaches({ ranks }: EngineContext, busy: number): void {
  for (const { driver } of ranks) driver.wake()
  const running = ranks.reduce((sum, { requests }) => sum + requests, 0)
  if (running > 0)
    throw new EngineError(busy, `The cache is in use by ${running} requests: ask again when they are done.`)
  for (const rank of ranks) {
    rank.model.clearCache()
    rank.flushEvents()
  }
}

/** What the engine would compute with, for a chat request: one object. */
function renderChat(context: EngineContext, json: unknown): object | Promise<object> {
  const body = parseBody(chatBody, json)
  checkModel(context, body.model)
  const maxTokens = body.max_completion_tokens ?? body.max_tokens
  const raw = typeof json === 'object' && json !== null ? json : body
  const tokens = chatIds(context, chatConversation(body), raw, true)
  return after(tokens, (ids) => rendered(context, body, ids, maxTokens))
}

/** The same for a completions request: one object for each prompt. */
function renderCompletions(context: EngineContext, json: unknown): object | Promise<object> {
  const body = parseBody(completionsBody, json)
  checkModel(context, body.model)
  const prompts = tokenizedPrompts(context, completionPrompts(body), body.add_special_tokens !== false)
  return after(prompts, (list) =>
    list.map((prompt) => {
      writePrompt(context.writer, prompt)
      return rendered(context, body, [...context.writer.tokens()], body.max_tokens)
    }),
  )
}

type RenderedBody = Parameters<typeof samplingOf>[0] & {
  readonly model?: string | null | undefined
  readonly stream?: boolean | null | undefined
}

function rendered(
  { options }: EngineContext,
  { model, stream, cache_salt: cacheSalt, seed }: RenderedBody,
  tokens: readonly number[],
  maxTokens: number | null | undefined,
): object {
  return {
    request_id: `render-${tokens.length}`,
    token_ids: tokens,
    features: null,
    sampling_params: { max_tokens: maxTokens ?? options.defaultOutputTokens, seed: seed ?? null },
    model: model ?? options.model,
    stream: stream === true,
    cache_salt: cacheSalt ?? null,
    priority: 0,
    kv_transfer_params: null,
  }
}
