import { z } from 'zod'
import type { Plan } from './call.ts'
import type { EngineContext } from './engine-context.ts'
import { EngineError } from './engine-error.ts'
import type { ErrorShape } from './engine-error.ts'
import { NO_FAULTS, faultsSchema } from './faults.ts'
import { planChat, planCompletions, planMessages, planResponses } from './generating-routes.ts'
import { METRICS_TYPE, metricsPage } from './metrics-page.ts'
import { parseBody } from './parse-body.ts'
import { planEmbeddings, planRerank, planScore } from './pooling-routes.ts'
import { countTokens, detokenize, tokenize } from './token-routes.ts'

/** A body that is ready: an object goes out as JSON. */
export interface ReadyReply {
  readonly body: object | string
  readonly contentType?: string
}

/** What happens at one method and path. */
export type EngineRoute = {
  readonly errors: ErrorShape
  /** True for routes that work while the engine still starts, and whatever faults are set. */
  readonly always: boolean
} & (
  | { readonly plan: (context: EngineContext, json: unknown, id: string) => Plan }
  | { readonly reply: (context: EngineContext, json: unknown) => ReadyReply }
)

const VERSION = '0.30.0+simulated'

function generates(
  plan: (context: EngineContext, json: unknown, id: string) => Plan,
  errors?: ErrorShape,
): EngineRoute {
  return { errors: errors ?? 'openai', always: false, plan }
}

function answers(body: (context: EngineContext, json: unknown) => object, errors?: ErrorShape): EngineRoute {
  return { errors: errors ?? 'openai', always: false, reply: (context, json) => ({ body: body(context, json) }) }
}

function always(reply: (context: EngineContext, json: unknown) => ReadyReply): EngineRoute {
  return { errors: 'openai', always: true, reply }
}

const ROUTES = new Map<string, EngineRoute>([
  ['POST /v1/chat/completions', generates(planChat)],
  ['POST /v1/completions', generates(planCompletions)],
  ['POST /v1/responses', generates(planResponses)],
  ['POST /v1/messages', generates(planMessages, 'anthropic')],
  ['POST /v1/messages/count_tokens', answers(countTokens, 'anthropic')],
  ['POST /v1/embeddings', generates(planEmbeddings)],
  ['POST /v1/rerank', generates(planRerank)],
  ['POST /v1/score', generates(planScore)],
  ['POST /tokenize', answers(tokenize)],
  ['POST /detokenize', answers(detokenize)],
  ['GET /v1/models', answers(models)],
  ['GET /version', answers(() => ({ version: VERSION }))],
  ['GET /health', { errors: 'openai', always: false, reply: health }],
  ['GET /ping', { errors: 'openai', always: false, reply: health }],
  ['GET /metrics', always(metrics)],
  ['GET /faults', always(({ faults }) => ({ body: faults }))],
  ['POST /faults', always(setFaults)],
  ['DELETE /faults', always((context) => applyFaults(context, NO_FAULTS))],
])

/** The route of a request line, or undefined; `path` carries no query. */
export function engineRoute(method: string, path: string): EngineRoute | undefined {
  return ROUTES.get(`${method} ${path}`)
}

function models({ options, contextTokens }: EngineContext): object {
  const { model } = options
  const card = { id: model, object: 'model', created: 0, owned_by: 'vllm', root: model, parent: null }
  return { object: 'list', data: [{ ...card, max_model_len: contextTokens }] }
}

function health({ faults }: EngineContext): ReadyReply {
  if (faults.unhealthy) throw new EngineError(503, 'The engine is set to be unhealthy.')
  return { body: '' }
}

function metrics({ driver, model, timings, options }: EngineContext): ReadyReply {
  driver.wake()
  return { body: metricsPage(model, timings, options.model), contentType: METRICS_TYPE }
}

/** Sets the faults that are named and leaves the others. */
function setFaults(context: EngineContext, json: unknown): ReadyReply {
  const given = parseBody(z.record(z.string(), z.unknown()), json)
  return applyFaults(context, parseBody(faultsSchema, { ...context.faults, ...given }))
}

function applyFaults(context: EngineContext, faults: EngineContext['faults']): ReadyReply {
  context.faults = faults
  context.model.slowdown = faults.slow
  return { body: faults }
}
