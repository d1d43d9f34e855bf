import { CONTROL_ROUTES } from './control-routes.ts'
import type { EngineContext } from './engine-context.ts'
import { EngineError } from './engine-error.ts'
import type { EngineOptions } from './engine-options.ts'
import type { EngineRoute, ReadyReply, RouteTable } from './engine-route.ts'
import { always, answers, generates } from './engine-route.ts'
import { LLAMA_ROUTES } from './flavors/llama-routes.ts'
import { SGLANG_ROUTES, SGLANG_VERSION } from './flavors/sglang-routes.ts'
import { tensorrtRoutes } from './flavors/tensorrt-routes.ts'
import { VLLM_ROUTES } from './flavors/vllm-routes.ts'
import type { Flavor } from './flavor.ts'
import { MODEL_OWNERS, metricsOf } from './flavor.ts'
import { planChat, planCompletions, planMessages, planResponses } from './generating-routes.ts'
import { metricsReply } from './metrics/metrics-route.ts'
import { planEmbeddings, planRerank, planScore } from './pooling-routes.ts'
import { countTokens } from './token-routes.ts'

const VERSIONS: Readonly<Partial<Record<Flavor, string>>> = {
  vllm: '0.30.0+simulated',
  sglang: SGLANG_VERSION,
  'tensorrt-llm': '1.3.0+simulated',
}

const COMMON: RouteTable = [
  ['POST /v1/chat/completions', generates(planChat)],
  ['POST /v1/completions', generates(planCompletions)],
  ['POST /v1/responses', generates(planResponses)],
  ['POST /v1/messages', generates(planMessages, 'anthropic')],
  ['POST /v1/messages/count_tokens', answers(countTokens, 'anthropic')],
  ['POST /v1/embeddings', generates(planEmbeddings)],
  ['POST /v1/rerank', generates(planRerank)],
  ['POST /v1/score', generates(planScore)],
  ['GET /v1/models', answers(models)],
  ['GET /health', { errors: undefined, always: false, reply: health }],
]

/** What an engine answers, by method and path: what all have, then what its flavour has of its own. */
export function engineRoutes(options: EngineOptions): ReadonlyMap<string, EngineRoute> {
  const routes = new Map<string, EngineRoute>(COMMON)
  const version = VERSIONS[options.flavor]
  if (version !== undefined)
    routes.set(
      'GET /version',
      answers(() => ({ version })),
    )
  const metrics = options.metrics ?? metricsOf(options.flavor)
  if (metrics !== 'none')
    routes.set(
      'GET /metrics',
      always((context) => metricsReply(context, metrics)),
    )
  for (const [line, route] of flavorRoutes(options.flavor)) routes.set(line, route)
  if (options.flavor === 'tensorrt-llm' && metrics !== 'none') {
    routes.set(
      'GET /prometheus/metrics',
      always((context) => metricsReply(context, metrics)),
    )
  }
  for (const [line, route] of CONTROL_ROUTES) routes.set(line, route)
  return routes
}

function flavorRoutes(flavor: Flavor): RouteTable {
  const pinged: EngineRoute = { errors: undefined, always: false, reply: health }
  switch (flavor) {
    case 'vllm':
      return [...VLLM_ROUTES, ['GET /ping', pinged]]
    case 'sglang':
      return [...SGLANG_ROUTES, ['GET /ping', pinged], ['GET /health_generate', pinged]]
    case 'llama.cpp':
      return LLAMA_ROUTES
    case 'tensorrt-llm':
      return [...tensorrtRoutes(), ['GET /health_generate', pinged]]
    case 'openai':
      return []
  }
}

/** Adapters stand beside the model they belong to. */
function models({ options, contextTokens, adapters }: EngineContext): object {
  const { model, flavor } = options
  const card = { object: 'model', created: 0, owned_by: MODEL_OWNERS[flavor], max_model_len: contextTokens }
  const meta = flavor === 'llama.cpp' ? { meta: { n_ctx: contextTokens } } : {}
  const loaded = adapters.list().map(({ name, path }) => ({ id: name, ...card, root: path, parent: model }))
  return { object: 'list', data: [{ id: model, ...card, root: model, parent: null, ...meta }, ...loaded] }
}

function health({ faults, options }: EngineContext): ReadyReply {
  if (faults.unhealthy) throw new EngineError(503, 'The engine is set to be unhealthy.')
  return { body: options.flavor === 'llama.cpp' ? { status: 'ok' } : '' }
}
