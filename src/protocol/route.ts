/** The routes whose bodies Kvasir understands, and `other` for whatever else is passed through. */
export type RouteName =
  | 'chat'
  | 'completions'
  | 'responses'
  | 'messages'
  | 'count-tokens'
  | 'embeddings'
  | 'rerank'
  | 'score'
  | 'tokenize'
  | 'detokenize'
  | 'models'
  | 'other'

/** Whose error body a client of a route expects. */
export type ErrorShape = 'openai' | 'anthropic'

export interface Route {
  readonly name: RouteName
  /** True where the engine generates tokens, so that TTFT and TPOT mean something. */
  readonly generates: boolean
  readonly errorShape: ErrorShape
}

function route(name: RouteName, generates: boolean, errorShape: ErrorShape = 'openai'): Route {
  return { name, generates, errorShape }
}

const ROUTES = new Map<string, Route>([
  ['POST /v1/chat/completions', route('chat', true)],
  ['POST /v1/completions', route('completions', true)],
  ['POST /v1/responses', route('responses', true)],
  ['POST /v1/messages', route('messages', true, 'anthropic')],
  ['POST /v1/messages/count_tokens', route('count-tokens', false, 'anthropic')],
  ['POST /v1/embeddings', route('embeddings', false)],
  ['POST /v1/rerank', route('rerank', false)],
  ['POST /v1/score', route('score', false)],
  ['POST /tokenize', route('tokenize', false)],
  ['POST /detokenize', route('detokenize', false)],
  ['GET /v1/models', route('models', false)],
])

const PASSED_THROUGH = route('other', false)
const PASSED_THROUGH_ANTHROPIC = route('other', false, 'anthropic')

/**
 * The route of a request line, or undefined when the gateway serves nothing at that path. `path` carries no query.
 * Everything else under `/v1` is passed through unread.
 */
export function routeOf(method: string, path: string): Route | undefined {
  const known = ROUTES.get(`${method} ${path}`)
  if (known !== undefined) return known
  if (path.startsWith('/v1/messages')) return PASSED_THROUGH_ANTHROPIC
  return path.startsWith('/v1/') ? PASSED_THROUGH : undefined
}
