import { TRACES } from './cases.ts'
import type { LoadCase } from './cases.ts'
import type { Cell, FleetName } from './run-spec.ts'

const REPLICAS = 8
const KV_TOKENS = 1_000_000
/** Requests after which rates should be known. */
const LEARNING = { requests: 500 } as const
const VIEWS = ['exact', 'predicted'] as const

/** The conversation trace with engines known, believed too slow, and believed too fast. */
export function believedCells(fleet: Exclude<FleetName, 'two-kinds-untold'>): Cell[] {
  return cellsOf(fleet, [1, 1.5])
}

/** Two kinds of GPU that nobody told the router about. They are slower together, so the trace is too. */
export function untoldCells(): Cell[] {
  return cellsOf('two-kinds-untold', [0.7, 1])
}

function cellsOf(fleet: FleetName, speeds: readonly number[]): Cell[] {
  return speeds.flatMap((speedPer8) =>
    VIEWS.map((view): Cell => {
      const load: LoadCase = {
        kind: 'trace',
        name: `conversation-x${speedPer8}`,
        path: TRACES.conversation,
        requestsPerEndpoint: 250,
        speedPer8,
      }
      return { load, replicas: REPLICAS, kvTokens: KV_TOKENS, view, fleet, warmUp: LEARNING }
    }),
  )
}
