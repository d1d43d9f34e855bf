import { z } from 'zod'
import type { EngineContext } from '../engine-context.ts'
import { checkModel } from '../engine-context.ts'
import type { RouteTable } from '../engine-route.ts'
import { answers, generates, says } from '../engine-route.ts'
import { planGenerate } from '../generate-route.ts'
import { RANK_VALUES } from '../metrics/rank-values.ts'
import { parseBody } from '../parse-body.ts'
import { tokensSchema } from '../prompts.ts'
import { after } from '../tokens/after.ts'
import { idsText, textIds } from '../tokens/prompt-ids.ts'
import { clearCaches } from './vllm-routes.ts'

/** The release whose routes these are. */
export const SGLANG_VERSION = '0.5.19+simulated'

const tokenizeBody = z.object({
  model: z.string().nullish(),
  prompt: z.union([z.string(), z.array(z.string())]),
  add_special_tokens: z.boolean().nullish(),
})

const abortBody = z.object({ rid: z.string().nullish(), abort_all: z.boolean().nullish() })
const tokenLists = z.union([tokensSchema, z.array(tokensSchema)])
const detokenizeBody = z.object({ model: z.string().nullish(), tokens: tokenLists })
const loadLora = z.object({ lora_name: z.string(), lora_path: z.string() })
const unloadLora = z.object({ lora_name: z.string() })

const tokenize = answers(tokenizeTexts)
const detokenize = answers(detokenizeTexts)
const serverInfo = answers(serverInfoOf)
const modelInfo = answers(modelInfoOf)

/** The routes that SGLang has and others do not, or not like this. */
export const SGLANG_ROUTES: RouteTable = [
  ['POST /generate', generates(planGenerate)],
  ['POST /abort_request', says(abortRequest)],
  ['POST /tokenize', tokenize],
  ['POST /v1/tokenize', tokenize],
  ['POST /detokenize', detokenize],
  ['POST /v1/detokenize', detokenize],
  ['GET /v1/loads', answers(loads)],
  ['GET /get_load', answers(oldLoads)],
  ['GET /get_server_info', serverInfo],
  ['GET /server_info', serverInfo],
  ['GET /get_model_info', modelInfo],
  ['GET /model_info', modelInfo],
  [
    'POST /flush_cache',
    says((context) => {
      clearCaches(context, 400)
      return 'Cache flushed.\n'
    }),
  ],
  [
    'POST /load_lora_adapter',
    answers(({ adapters }, json) => {
      const { lora_name: name, lora_path: path } = parseBody(loadLora, json)
      adapters.load(name, path)
      return {
        success: true,
        loaded_adapters: Object.fromEntries(adapters.list().map((each) => [each.name, each.path])),
      }
    }),
  ],
  [
    'POST /unload_lora_adapter',
    answers(({ adapters }, json) => {
      adapters.unload(parseBody(unloadLora, json).lora_name)
      return {
        success: true,
        loaded_adapters: Object.fromEntries(adapters.list().map((each) => [each.name, each.path])),
      }
    }),
  ],
]

/** Ends every request whose `rid` begins with the given one; no such request is no error. */
function abortRequest({ ranks }: EngineContext, json: unknown): string {
  const { rid, abort_all: all } = parseBody(abortBody, json)
  const fits = (name: string | undefined): boolean => all === true || (rid ? name?.startsWith(rid) === true : false)
  for (const { driver } of ranks) driver.abortNamed(fits)
  return ''
}

function tokenizeTexts(context: EngineContext, json: unknown): object | Promise<object> {
  const body = parseBody(tokenizeBody, json)
  checkModel(context, body.model)
  const addSpecialTokens = body.add_special_tokens !== false
  const { contextTokens: most } = context
  if (typeof body.prompt === 'string') {
    const one = textIds(context, body.prompt, addSpecialTokens)
    return after(one, (tokens) => ({ tokens, count: tokens.length, max_model_len: most }))
  }
  const all = Promise.all(body.prompt.map(async (prompt) => await textIds(context, prompt, addSpecialTokens)))
  return all.then((tokens) => ({ tokens, count: tokens.map(({ length }) => length), max_model_len: most }))
}

function detokenizeTexts(context: EngineContext, json: unknown): object {
  const body = parseBody(detokenizeBody, json)
  checkModel(context, body.model)
  const lists = body.tokens.filter((entry) => typeof entry !== 'number')
  if (lists.length > 0) return { text: lists.map((tokens) => idsText(context, tokens)) }
  return {
    text: idsText(
      context,
      body.tokens.filter((entry) => typeof entry === 'number'),
    ),
  }
}

/** `GET /v1/loads?dp_rank=N`: what every scheduler says about itself. */
function loads(context: EngineContext, _json: unknown, query: URLSearchParams): object {
  const only = query.get('dp_rank')
  for (const { driver } of context.ranks) driver.wake()
  const ranks = context.ranks.filter(({ index }) => only === null || index === Number(only))
  return {
    timestamp: new Date().toISOString(),
    version: SGLANG_VERSION,
    dp_rank_count: context.ranks.length,
    loads: ranks.map((rank) => {
      const { model, index } = rank
      const uncached = waitingTokens(rank)
      return {
        dp_rank: index,
        timestamp: performance.now() / 1000,
        num_running_reqs: model.running,
        num_waiting_reqs: model.waiting,
        num_waiting_uncached_tokens: uncached,
        num_used_tokens: RANK_VALUES.usedTokens(rank),
        num_total_tokens: RANK_VALUES.usedTokens(rank) + uncached,
        max_total_num_tokens: model.capacityTokens,
        token_usage: model.kvUsage,
        gen_throughput: 0,
        max_running_requests: model.profile.maxSequences,
      }
    }),
  }
}

/** Tokens of waiting prompts; what of them is cached is found out when they are admitted. */
function waitingTokens({ driver }: EngineContext['ranks'][number]): number {
  let tokens = 0
  for (const { generation, waiting } of driver.requests()) if (waiting) tokens += generation.promptTokens
  return tokens
}

function oldLoads({ ranks }: EngineContext): object {
  return ranks.map((rank) => ({
    dp_rank: rank.index,
    num_reqs: rank.requests,
    num_waiting_reqs: rank.model.waiting,
    num_tokens: RANK_VALUES.usedTokens(rank) + waitingTokens(rank),
    num_pending_tokens: waitingTokens(rank),
    ts_tic: performance.now() / 1000,
  }))
}

function serverInfoOf({ options, ranks, contextTokens }: EngineContext): object {
  const [first] = ranks
  return {
    model_path: options.model,
    served_model_name: options.model,
    version: SGLANG_VERSION,
    dp_size: ranks.length,
    page_size: options.profile.blockSize,
    context_length: contextTokens,
    max_total_num_tokens: first?.model.capacityTokens ?? 0,
    max_running_requests: options.profile.maxSequences,
    disable_radix_cache: !options.prefixCaching,
    kv_events_config: eventsConfig(first),
  }
}

/** The argument of the command line: JSON in a string, with the addresses of rank 0. */
function eventsConfig(first: EngineContext['ranks'][number] | undefined): string | null {
  if (first?.outlet === undefined) return null
  const { endpoint, replay_endpoint, topic } = first.outlet.source
  return JSON.stringify({ publisher: 'zmq', endpoint, replay_endpoint, topic })
}

function modelInfoOf({ options }: EngineContext): object {
  return { model_path: options.model, tokenizer_path: options.tokenizer ?? options.model, is_generation: true }
}
