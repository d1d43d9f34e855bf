import type { Decision } from '../core/decision.ts'
import type { HeaderSettings } from './gateway-context.ts'

/**
 * Adds to an answer's headers, a flat name, value list, what tells a client what was decided for its request. The
 * request id replaces an id of the engine's own.
 */
export function addDecisionHeaders(headers: string[], settings: HeaderSettings, decision: Decision): void {
  dropHeader(headers, settings.requestId)
  headers.push(settings.requestId, decision.requestId)
  if (settings.decisions) {
    headers.push('x-kvasir-endpoint', decision.endpoint, 'x-kvasir-reason', decision.reason)
    headers.push('x-kvasir-matched-tokens', String(Math.round(decision.matchedTokens)))
  }
  if (settings.compatible) {
    headers.push('X-Router-Backend', decision.endpoint, 'X-Router-Reason', decision.reason)
    headers.push('X-Served-By', decision.endpoint, 'X-Cache', decision.matchedTokens > 0 ? 'hit' : 'miss')
  }
}

function dropHeader(headers: string[], name: string): void {
  for (let i = headers.length - 2; i >= 0; i -= 2) {
    if (headers[i]!.length === name.length && headers[i]!.toLowerCase() === name) headers.splice(i, 2)
  }
}
