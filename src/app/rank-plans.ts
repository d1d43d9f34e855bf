import { rankId } from '../config/data-parallel-rank.ts'
import type { EndpointPlan } from './endpoint-plan.ts'

/** The endpoints that one configured address stands for: itself, or each of its data-parallel ranks. */
export function rankPlans(plan: EndpointPlan, ranks: number): EndpointPlan[] {
  if (ranks === 1) return [plan]
  return Array.from({ length: ranks }, (_, rank) => ({
    ...plan,
    settings: { ...plan.settings, id: rankId(plan.address, rank) },
    upstream: { ...plan.upstream, rank },
    engine: { ...plan.engine, rank, ofRanks: ranks },
    kvEvents: plan.kvEvents === undefined ? undefined : { ...plan.kvEvents, rank },
  }))
}
