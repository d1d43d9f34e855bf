import type { EngineProfile } from '../src/engine/profile.ts'
import type { SimulatedEndpoint } from '../src/sim/scenario.ts'

/** `count` equal simulated endpoints that are there from the beginning and stay well. */
export function plainEndpoints(profile: EngineProfile, count: number): SimulatedEndpoint[] {
  return Array.from({ length: count }, (_, i) => ({
    id: `e${i}`,
    profile,
    hostTokens: 0,
    joinsAt: 0,
    leavesAt: Infinity,
    outages: [],
  }))
}
