import type { AdminActions, AdminAnswer } from '../admin/admin-actions.ts'
import type { Config } from '../config/config.ts'
import { addedConflicts } from '../config/added-conflicts.ts'
import { parseEndpoint } from '../config/parse-endpoint.ts'
import type { Fleet } from '../core/fleet.ts'
import { PROFILE_NAMES } from '../engine/profiles.ts'
import type { GatewayContext } from '../gateway/gateway-context.ts'
import type { DecisionLog } from '../observe/decision-log.ts'
import { decisionView } from '../observe/decision-view.ts'
import type { Metrics } from '../observe/metrics.ts'
import type { TokenMetrics } from '../observe/token-metrics.ts'
import { endpointPlan } from './endpoint-plan.ts'
import type { EndpointRegistry } from './endpoint-registry.ts'
import type { EndpointSignals } from './endpoint-signals.ts'
import { endpointView, type EndpointViewParts } from './endpoint-view.ts'
import type { TokensOfPrompts } from './tokens-of-prompts.ts'
import { explainRequest } from './explain-request.ts'

export interface AdminParts {
  readonly context: GatewayContext
  readonly registry: EndpointRegistry
  readonly signals: EndpointSignals
  readonly tokens: TokensOfPrompts
  readonly decisions: DecisionLog
  readonly metrics: Metrics
  readonly tokenMetrics: TokenMetrics
  config(): Config
  draining(): boolean
}

/** What the admin interface of a router does. */
export function createAdminActions(parts: AdminParts): AdminActions {
  const { context, metrics, decisions } = parts
  const { fleet } = context
  return {
    ready: () => !parts.draining() && fleet.anyPool.eligible.length > 0,
    metrics: async () => ({
      contentType: metrics.contentType,
      text: `${metrics.text()}\n${parts.tokenMetrics.text()}`,
    }),
    endpoints: () => ok({ endpoints: fleet.endpoints.map((endpoint) => endpointView(viewParts(parts), endpoint)) }),
    addEndpoint: (settings) => addEndpoint(parts, settings),
    removeEndpoint: (id) => removeEndpoint(parts, id),
    drainEndpoint: (id) => drainEndpoint(parts, id),
    decisions: (limit) =>
      ok({ decisions: decisions.newest(limit).map(({ decision, record }) => decisionView(decision, record)) }),
    explain: (path, body, headers) => explainRequest(context, path, body, headers),
  }
}

function addEndpoint(parts: AdminParts, settings: unknown): AdminAnswer {
  const config = parts.config()
  const parsed = parseEndpoint(settings, config, PROFILE_NAMES)
  if ('problems' in parsed) return { status: 400, body: { error: parsed.problems.join('; ') } }
  const plan = endpointPlan(config, parsed)
  const taken = parts.registry.taken(plan)
  if (taken !== undefined) {
    return { status: 409, body: { error: `endpoint '${taken}' exists already; give another id` } }
  }
  const conflicts = addedConflicts(settings, parsed, parts.registry.publishing())
  if (conflicts.length > 0) return { status: 400, body: { error: conflicts.join('; ') } }
  const views = parts.registry.add(plan, true).map((endpoint) => endpointView(viewParts(parts), endpoint))
  return { status: 201, body: views.length === 1 ? views[0] : { endpoints: views } }
}

function removeEndpoint({ context, registry }: AdminParts, id: string): AdminAnswer {
  const removed = registry.remove(id)
  if (removed.length === 0) return unknownEndpoint(context.fleet, id)
  return ok(removed[0] === id ? { removed: id } : { removed: id, endpoints: removed })
}

function viewParts({ context, signals, tokens }: AdminParts): EndpointViewParts {
  return { fleet: context.fleet, signals, tokens, clock: () => context.clock() }
}

function drainEndpoint({ context, registry }: AdminParts, id: string): AdminAnswer {
  const { fleet } = context
  const endpoints = registry.named(id)
  if (endpoints.length === 0) return unknownEndpoint(fleet, id)
  for (const endpoint of endpoints) fleet.setDraining(endpoint.id, true)
  return ok({ draining: id, inFlight: endpoints.reduce((sum, { signals }) => sum + signals.inFlight, 0) })
}

function ok(body: unknown): AdminAnswer {
  return { status: 200, body }
}

function unknownEndpoint(fleet: Fleet, id: string): AdminAnswer {
  const known = fleet.endpoints.map((endpoint) => `'${endpoint.id}'`).join(', ') || 'none'
  return { status: 404, body: { error: `there is no endpoint '${id}'; known: ${known}` } }
}
