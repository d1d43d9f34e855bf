import type { EngineContext } from './engine-context.ts'
import type { ErrorShape } from './engine-error.ts'
import type { Planner } from './generating-routes.ts'
import { after } from './tokens/after.ts'

/** A body that is ready: an object goes out as JSON. */
export interface ReadyReply {
  readonly body: object | string
  readonly contentType?: string
}

/** Answers from what the engine knows. `json` is the body of a POST, `query` what is behind the path. */
export type Replier = (
  context: EngineContext,
  json: unknown,
  query: URLSearchParams,
) => ReadyReply | Promise<ReadyReply>

/** What happens at one method and path. */
export type EngineRoute = {
  /** Undefined for the errors of the flavour. */
  readonly errors: ErrorShape | undefined
  /** True for routes that work while the engine still starts, and whatever faults are set. */
  readonly always: boolean
} & ({ readonly plan: Planner } | { readonly reply: Replier })

/** Routes by method and path, such as `GET /health`. */
export type RouteTable = readonly (readonly [string, EngineRoute])[]

/** A route whose answer the engine generates. */
export function generates(plan: Planner, errors?: ErrorShape): EngineRoute {
  return { errors, always: false, plan }
}

/** A route that answers JSON. */
export function answers(
  body: (context: EngineContext, json: unknown, query: URLSearchParams) => object | Promise<object>,
  errors?: ErrorShape,
): EngineRoute {
  const reply: Replier = (context, json, query) => after(body(context, json, query), (made) => ({ body: made }))
  return { errors, always: false, reply }
}

/** A route that answers text, or nothing. */
export function says(text: (context: EngineContext, json: unknown, query: URLSearchParams) => string): EngineRoute {
  return {
    errors: undefined,
    always: false,
    reply: (...given) => ({ body: text(...given), contentType: 'text/plain' }),
  }
}

/** A route that is there whatever happens. */
export function always(reply: Replier): EngineRoute {
  return { errors: undefined, always: true, reply }
}
