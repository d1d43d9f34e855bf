import type { Decision } from '../core/decision.ts'
import type { HeaderSettings } from './gateway-context.ts'

/** The headers that tell a client what was decided for its request, as a flat name, value list. */
export function decisionHeaders(settings: HeaderSettings, decision: Decision): string[] {
  const headers = ['x-request-id', decision.requestId]
  if (settings.decisions) {
    headers.push('x-kvasir-endpoint', decision.endpoint, 'x-kvasir-reason', decision.reason)
    headers.push('x-kvasir-matched-tokens', String(Math.round(decision.matchedTokens)))
  }
  if (settings.compatible) {
    headers.push('X-Router-Backend', decision.endpoint, 'X-Router-Reason', decision.reason)
    headers.push('X-Served-By', decision.endpoint, 'X-Cache', decision.matchedTokens > 0 ? 'hit' : 'miss')
  }
  return headers
}
