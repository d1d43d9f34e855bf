import type { Arm } from '../../src/sim/arms.ts'
import type { LoadCase } from './cases.ts'

/** What a router knows, by name. */
export const VIEWS = {
  exact: { kind: 'exact' },
  predicted: { kind: 'predicted' },
  polled: { kind: 'polled', interval: 1 },
} as const

/** Name of a view. */
export type ViewName = keyof typeof VIEWS

/** What the engines are, and what the router believes them to be. */
export type FleetName =
  /** All alike and known. */
  | 'known'
  /** Believed to be four times slower, or faster, than they are. */
  | 'believed-slow'
  | 'believed-fast'
  /** Half of them are an older GPU, which nobody told the router. */
  | 'two-kinds-untold'

/** The conditions under which policies are compared. */
export interface Cell {
  readonly load: LoadCase
  readonly replicas: number
  readonly kvTokens: number
  readonly view: ViewName
  readonly fleet: FleetName
  /** Requests that are not measured: a share of all, or a number. */
  readonly warmUp: { readonly share: number } | { readonly requests: number }
}

/** One simulation. */
export interface RunSpec {
  readonly cell: Cell
  readonly arm: Arm
  readonly seed: number
}

/** The first tenth of the requests fills the caches. */
export const WARM_UP = { share: 0.1 } as const

/** Name of a cell, the load's parameters left out. */
export function cellName({ load, replicas, kvTokens, view, fleet }: Cell): string {
  const plain = `${load.name} ${replicas} x ${kvTokens / 1e6}M ${view}`
  return fleet === 'known' ? plain : `${plain} ${fleet}`
}
