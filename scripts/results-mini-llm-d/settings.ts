import type { PartConfig } from '../../src/core/plugin.ts'
import { profileNamed } from '../../src/engine/profiles.ts'
import type { SimulatedEndpoint } from '../../src/sim/scenario.ts'
import { plainEndpoints } from '../plain-endpoints.ts'
import { figuresOf } from '../results/request-figures.ts'
import type { RequestFigures } from '../results/request-figures.ts'
import { runArms } from '../results/seeded-runs.ts'
import type { Arm } from '../../src/sim/arms.ts'
import type { EndpointLabels, Measured } from '../results/seeded-runs.ts'
import { COMMON_TOKENS, usersLoad } from './users.ts'
import type { Scenario, Texts } from './users.ts'

/** One table: a scenario on a fleet. */
export interface Cell {
  readonly scenario: Scenario
  readonly texts: Texts
  readonly users: number
  readonly unequal: boolean
}

export const SEEDS: readonly number[] = Array.from({ length: 10 }, (_, index) => index + 1)
export const PROFILE = profileNamed('llama-3.1-8b-a100')
/** KV tokens of the small one of two unequal endpoints: room for ten requests of scenario B. */
export const SMALL_KV_TOKENS = 16_000
export const DEFAULT = 'marginal-cost'
export const BASE = 'round-robin'
export const PREFIX_CACHE = 'prefix_cache'
const SECONDS = 90
const BYTES_PER_TOKEN = 4
/** Characters from which mini-llm-d's router takes a prompt for a long one. */
const SHIPPED_CHARACTERS = 100
const MEDIAN_TOKENS: Readonly<Record<Scenario, number>> = { A: 80, B: 1280, C: 245 }

const scenarios: readonly Scenario[] = ['A', 'B', 'C']
const kinds: readonly Texts[] = ['one-text', 'nothing-shared', 'templates', 'text-per-user']

const equal = (texts: Texts, scenario: Scenario, users: number): Cell => ({ scenario, texts, users, unequal: false })
const unequal = (texts: Texts, scenario: Scenario): Cell => ({ scenario, texts, users: 32, unequal: true })

/** Its own cells (16 users), the same with the most users its generator names, and two unequal endpoints. */
export const OWN_CELLS: readonly Cell[] = kinds.flatMap((texts) => scenarios.map((name) => equal(texts, name, 16)))
export const BUSY_CELLS: readonly Cell[] = [
  equal('one-text', 'B', 64),
  equal('one-text', 'C', 64),
  equal('text-per-user', 'B', 64),
  equal('text-per-user', 'C', 64),
]
export const UNEQUAL_CELLS: readonly Cell[] = [
  unequal('nothing-shared', 'B'),
  unequal('nothing-shared', 'C'),
  unequal('text-per-user', 'B'),
  unequal('text-per-user', 'C'),
]

/** The policies of a cell; the class at the median depends on the scenario. */
export function armsOf({ scenario, unequal }: Cell): Arm[] {
  const median = BYTES_PER_TOKEN * (COMMON_TOKENS + MEDIAN_TOKENS[scenario])
  const tokens = {
    type: 'weighted-scorers',
    scorers: [{ type: 'in-flight-tokens', saturationTokens: PROFILE.kvTokens }],
  }
  return [
    plain(BASE),
    plain('least-loaded'),
    { label: PREFIX_CACHE, policy: { type: 'consistent-hash', prefixTokens: 256, loadFactor: 2, margin: 2 } },
    { label: 'length-class, 100 characters', policy: byLength(SHIPPED_CHARACTERS) },
    { label: 'length-class, median', policy: byLength(median) },
    ...(unequal ? [{ label: 'fewest tokens in flight', policy: tokens }] : []),
    plain('prefix-aware'),
    plain('least-prefill-work'),
    plain(DEFAULT),
  ]
}

function plain(type: string): Arm {
  return { label: type, policy: { type } }
}

function byLength(upToBytes: number): PartConfig {
  const endpoints = (size: string) => ({ matchLabels: { size } })
  return {
    type: 'length-class',
    classes: [{ upToBytes, endpoints: endpoints('small') }, { endpoints: endpoints('large') }],
  }
}

/** Runs a cell's policies; requests that come after the 90 s are not measured. */
export function runCell(cell: Cell): Measured<RequestFigures> {
  const { scenario, texts, users } = cell
  const endpoints = cell.unequal ? unequalEndpoints() : plainEndpoints(PROFILE, 4)
  const workload = (seed: number) => usersLoad({ scenario, texts, users, seconds: SECONDS }, seed)
  return runArms({ workload, endpoints, labels: halves(endpoints) }, armsOf(cell), SEEDS, (result) =>
    figuresOf({ ...result, requests: result.requests.filter(({ arrival }) => arrival < SECONDS) }),
  )
}

function unequalEndpoints(): SimulatedEndpoint[] {
  const small = { ...PROFILE, kvTokens: SMALL_KV_TOKENS }
  return plainEndpoints(PROFILE, 2).map((endpoint, i) => (i === 0 ? { ...endpoint, profile: small } : endpoint))
}

/** The first half is for short prompts, the other for long ones. */
function halves(endpoints: readonly SimulatedEndpoint[]): EndpointLabels {
  return Object.fromEntries(endpoints.map(({ id }, i) => [id, { size: i < endpoints.length / 2 ? 'small' : 'large' }]))
}
