import { scaledRates } from '../core/rates.ts'
import type { EngineProfile } from '../engine/profile.ts'
import { profileNamed } from '../engine/profiles.ts'
import type { Cell } from './matrix-cells.ts'
import type { SimulatedEndpoint } from './scenario.ts'

/** An engine as a fleet file describes it; what it leaves out comes from the cell. */
export interface FleetEngine {
  readonly profile?: string | undefined
  readonly kvTokens?: number | undefined
  /** How much longer every step takes than the profile says. */
  readonly slow?: number | undefined
}

/** Equal endpoints of a fleet file. Times are virtual seconds. */
export interface FleetEntry extends FleetEngine {
  /** Name of the endpoint; of several, the part in front of their numbers. */
  readonly id?: string | undefined
  readonly count: number
  readonly hostTokens?: number | undefined
  /** What loading a token from host memory costs as a share of computing it. */
  readonly hostLoadShare?: number | undefined
  /** What the router believes it to be; the truth when undefined. */
  readonly believed?: FleetEngine | undefined
  readonly joinsAt: number
  readonly leavesAt: number
  readonly outages: SimulatedEndpoint['outages']
}

/** A fleet of unequal endpoints. */
export interface Fleet {
  /** Name of the file, for reports. */
  readonly name: string
  readonly endpoints: readonly FleetEntry[]
}

/** The endpoints of a cell: equals, or those of a fleet. */
export function endpointsOf(cell: Cell, fleet: Fleet | undefined): SimulatedEndpoint[] {
  const entries = fleet?.endpoints ?? [
    { count: cell.replicas, joinsAt: 0, leavesAt: Number.POSITIVE_INFINITY, outages: [] },
  ]
  const endpoints: SimulatedEndpoint[] = []
  for (const entry of entries) {
    for (let i = 0; i < entry.count; i++) endpoints.push(endpointOf(entry, cell, endpoints.length, i))
  }
  return endpoints
}

function endpointOf(entry: FleetEntry, cell: Cell, index: number, copy: number): SimulatedEndpoint {
  const own = entry.count === 1 ? entry.id : `${entry.id}-${copy + 1}`
  return {
    id: entry.id === undefined || own === undefined ? `e${index + 1}` : own,
    profile: engineOf(entry, cell),
    ...(entry.believed === undefined ? {} : { believed: engineOf(entry.believed, cell, entry) }),
    hostTokens: entry.hostTokens ?? cell.hostTokens,
    ...(entry.hostLoadShare === undefined ? {} : { hostLoadShare: entry.hostLoadShare }),
    joinsAt: entry.joinsAt,
    leavesAt: entry.leavesAt,
    outages: entry.outages,
  }
}

/** The profile of an engine; what a belief leaves out is as it really is, except that nothing is believed to be slow. */
function engineOf(engine: FleetEngine, cell: Cell, truth: FleetEngine = {}): EngineProfile {
  const named = engine.profile ?? truth.profile
  const profile = profileNamed(named ?? cell.profile)
  const kvTokens = engine.kvTokens ?? truth.kvTokens ?? (named === undefined ? cell.kvTokens : profile.kvTokens)
  return slowed({ ...profile, kvTokens }, engine.slow ?? 1)
}

function slowed(profile: EngineProfile, factor: number): EngineProfile {
  if (factor === 1) return profile
  const { rates, decodeTable } = profile
  return {
    ...profile,
    name: `${profile.name} x${factor}`,
    rates: scaledRates(rates, factor),
    ...(decodeTable === undefined ? {} : { decodeTable: decodeTable.map((seconds) => seconds * factor) }),
  }
}
