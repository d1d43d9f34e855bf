import type { AdminAnswer } from '../admin/admin-actions.ts'
import { RANK_HEADER } from '../core/data-parallel-rank.ts'
import type { RouterError } from '../core/errors.ts'
import { Pool } from '../core/pool.ts'
import { clientRank, otherRanks } from '../gateway/client-rank.ts'
import { withTokens } from '../gateway/found-tokens.ts'
import type { GatewayContext } from '../gateway/gateway-context.ts'
import { gatewayRequest } from '../gateway/gateway-request.ts'
import { understand } from '../gateway/understand.ts'
import { decisionView } from '../observe/decision-view.ts'
import { routeOf } from '../protocol/route.ts'

/** Fields that tell what a body without a path was written for, in the order in which they are looked for. */
const PATH_OF_FIELD = [
  ['messages', '/v1/chat/completions'],
  ['prompt', '/v1/completions'],
  ['documents', '/v1/rerank'],
  ['input', '/v1/responses'],
] as const

/** The ranking for a request body, exactly as the gateway would read and rank it, without sending or booking it. */
export async function explainRequest(
  context: GatewayContext,
  path: string | undefined,
  body: Buffer,
  headers: Readonly<Record<string, string | undefined>>,
): Promise<AdminAnswer> {
  const route = routeOf('POST', path ?? guessPath(body))
  if (route === undefined) return { status: 400, body: { error: `nothing is served at POST ${path}` } }
  const tenantHeader = context.settings.tenantHeader
  const tenant = tenantHeader === undefined ? undefined : headers[tenantHeader]
  const understood = understand(context, route, body, { contentEncoding: undefined, tenant })
  if ('code' in understood) return { status: understood.status, body: { error: understood.message } }
  const sender = { clientAddress: '', header: (name: string) => headers[name] }
  const found = await context.tokens?.find(route, understood, body)
  const request = gatewayRequest('explain', sender, understood.pool, withTokens(understood, found))
  const pool = poolOfRank(context, understood.pool, clientRank(headers[RANK_HEADER], body, understood.places?.rank))
  if ('code' in pool) return { status: pool.status, body: { error: pool.message } }
  const decision = context.scheduler.explain(pool, request)
  if ('code' in decision) return { status: 503, body: { error: decision.message } }
  return { status: 200, body: decisionView(decision) }
}

/** The pool without the endpoints that cannot serve a client which asks for one data-parallel rank. */
function poolOfRank(context: GatewayContext, pool: Pool, rank: number | undefined): Pool | RouterError {
  if (rank === undefined) return pool
  const others = otherRanks(pool.endpoints, rank, (endpoint) => context.rankOf?.(endpoint))
  if ('code' in others) return others
  const part = new Pool(pool.model, pool.policy, pool.bytesPerToken.value)
  part.base = pool.base
  part.turn = pool.turn
  part.setEndpoints(pool.endpoints.filter((endpoint) => !others.has(endpoint)))
  return part
}

function guessPath(body: Buffer): string {
  const found = PATH_OF_FIELD.find(([field]) => body.includes(`"${field}"`))
  return found?.[1] ?? '/v1/chat/completions'
}
