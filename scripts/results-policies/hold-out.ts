import { CASES, TRACES } from './cases.ts'
import type { GeneratorCase, LoadCase } from './cases.ts'
import { KV_TOKENS } from './core-cells.ts'
import { WARM_UP } from './run-spec.ts'
import type { Cell } from './run-spec.ts'

/**
 * Loads that no cell of the matrix has. By the last one nothing was ever decided; the mixture of chat and questions was
 * run once with other seeds, to decide on a term that was left out; the end of the trace was part of early experiments over
 * all of it.
 */
export const HOLD_OUT: readonly LoadCase[] = [
  {
    kind: 'trace',
    name: 'conversation-end-x1.5',
    path: TRACES.conversation,
    requestsPerEndpoint: 250,
    speedPer8: 1.5,
    skip: 6000,
  },
  {
    kind: 'mixture',
    name: 'chat-and-rag',
    parts: [part('chat', 24, 60), part('rag', 22, 60)],
  },
  {
    kind: 'mixture',
    name: 'agents-tools-and-single',
    parts: [part('agents', 4, 60), part('tools', 5, 60), part('single', 10, 60)],
  },
]

const REPLICAS = 8

/** Seeds that nothing else is run with. */
export const HOLD_OUT_SEED = 101

/** The cells of the hold-out. */
export function holdOutCells(): Cell[] {
  return HOLD_OUT.flatMap((load) =>
    KV_TOKENS.flatMap((kvTokens) =>
      (['exact', 'predicted'] as const).map((view): Cell => ({
        load,
        replicas: REPLICAS,
        kvTokens,
        view,
        fleet: 'known',
        warmUp: WARM_UP,
      })),
    ),
  )
}

/** Half of a case of the matrix, which the mixture is made of. */
function part(name: string, sessionsPerEndpoint: number, period: number): GeneratorCase {
  const found = CASES.find((load) => load.name === name)
  if (found?.kind !== 'generator') throw new Error(`expected a generator called ${name}`)
  return { ...found, sessionsPerEndpoint, period }
}
