import { findPolicy } from '../../src/plugins/find-policy.ts'
import type { Arm } from '../../src/sim/arms.ts'
import { OURS } from './arms.ts'
import { coreCells } from './core-cells.ts'
import type { Cell } from './run-spec.ts'

/** Of no use here: no load has adapters. */
const NOT_HERE = 'adapter'

/** Terms of our policy that can be left out; none while it has no such option. */
export function removableTerms(): string[] {
  const { terms = [], options } = findPolicy(OURS)
  return terms.filter((term) => term !== NOT_HERE && options.safeParse({ without: [term] }).success)
}

/** Our policy with all terms, then without each in turn. */
export function ablationArms(terms: readonly string[]): Arm[] {
  return [
    { label: OURS, policy: { type: OURS } },
    ...terms.map((term) => ({ label: withoutLabel(term), policy: { type: OURS, without: [term] } })),
  ]
}

export function withoutLabel(term: string): string {
  return `without ${term}`
}

/** The cells in which terms are left out. */
export function ablationCells(): Cell[] {
  return coreCells({ replicas: [8], kvTokens: [300_000, 1_000_000], views: ['exact'] })
}
