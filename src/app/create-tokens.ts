import type { EndpointState } from '../core/endpoint-state.ts'
import type { Fleet } from '../core/fleet.ts'
import type { ProgramLog } from '../observe/program-log.ts'
import { TokenMetrics } from '../observe/token-metrics.ts'
import type { EndpointSignals } from './endpoint-signals.ts'
import type { TokenEndpoint } from './token-comparisons.ts'
import { TokensOfPrompts } from './tokens-of-prompts.ts'

export interface TokensParts extends Pick<ProgramLog, 'logger'> {
  readonly fleet: Fleet
  readonly signals: EndpointSignals
  readonly clock: () => number
}

/** The tokenizers of a router's models, asking its endpoints whether they are right, and what is counted of them. */
export function createTokens({ fleet, signals, logger, clock }: TokensParts): {
  readonly tokens: TokensOfPrompts
  readonly tokenMetrics: TokenMetrics
} {
  const tokenMetrics = new TokenMetrics(() => fleet.endpoints.flatMap(agreements))
  const tokens = new TokensOfPrompts({
    tokenBlocks: signals.tokenBlocks,
    logger,
    clock,
    endpointsOf: (model) => fleet.endpoints.flatMap((endpoint) => tokenEndpoint(endpoint, model)),
    changed() {
      for (const endpoint of fleet.endpoints) signals.otherTokens(endpoint, tokens.differs(endpoint))
    },
    sought: (model, result, seconds) => tokenMetrics.sought(model, result, seconds),
  })
  return { tokens, tokenMetrics }

  function tokenEndpoint(endpoint: EndpointState, model: string): TokenEndpoint[] {
    if (fleet.modelsOf(endpoint.id)?.includes(model) !== true) return []
    const facts = signals.factsOf(endpoint)
    return facts === undefined ? [] : [{ endpoint, ...facts }]
  }

  function agreements(endpoint: EndpointState) {
    const states = tokens.statesOf(endpoint, fleet.modelsOf(endpoint.id) ?? [])
    return states.map(({ model, exact, reason }) => ({ endpoint: endpoint.id, model, exact, reason }))
  }
}
