import { CASES } from './cases.ts'
import { VIEWS, WARM_UP } from './run-spec.ts'
import type { Cell, ViewName } from './run-spec.ts'

/** What is taken of the matrix; undefined for everything. */
export interface Selection {
  readonly cases?: readonly string[] | undefined
  readonly replicas?: readonly number[] | undefined
  readonly kvTokens?: readonly number[] | undefined
  readonly views?: readonly string[] | undefined
}

/** Endpoints of a fleet. */
export const REPLICAS = [4, 8, 16] as const
/** KV tokens of each endpoint. */
export const KV_TOKENS = [300_000, 1_000_000, 3_000_000] as const

const viewNames: readonly ViewName[] = ['exact', 'predicted', 'polled']

/** Every combination of load, fleet, cache and view, the view changing first. A case is chosen by the beginning of its name. */
export function coreCells(selection: Selection): Cell[] {
  const { cases, replicas = REPLICAS, kvTokens = KV_TOKENS, views } = selection
  const loads = CASES.filter(({ name }) => cases === undefined || cases.some((start) => name.startsWith(start)))
  const chosen = viewNames.filter((view) => views === undefined || views.includes(view))
  if (loads.length === 0) throw new Error(`--cases: expected some of ${CASES.map(({ name }) => name).join(', ')}`)
  if (chosen.length === 0) throw new Error(`--views: expected some of ${Object.keys(VIEWS).join(', ')}`)
  return loads.flatMap((load) =>
    replicas.flatMap((count) =>
      kvTokens.flatMap((tokens) =>
        chosen.map((view): Cell => ({
          load,
          replicas: count,
          kvTokens: tokens,
          view,
          fleet: 'known',
          warmUp: WARM_UP,
        })),
      ),
    ),
  )
}
