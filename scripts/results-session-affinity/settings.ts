import { profileNamed } from '../../src/engine/profiles.ts'
import type { SimulationResult } from '../../src/sim/simulation-result.ts'
import { plainEndpoints } from '../plain-endpoints.ts'
import { figuresOf } from '../results/request-figures.ts'
import type { RequestFigures } from '../results/request-figures.ts'
import { runArms } from '../results/seeded-runs.ts'
import type { Arm } from '../../src/sim/arms.ts'
import type { Measured } from '../results/seeded-runs.ts'
import { manyClients } from './many-clients.ts'
import type { ManyClients } from './many-clients.ts'
import { oneSession } from './one-session.ts'
import type { OneSession } from './one-session.ts'

/** The figures of a run, and the share of requests that went where the one before it went. */
export interface SessionFigures extends RequestFigures {
  readonly stuck: number
}

export const SEEDS: readonly number[] = Array.from({ length: 10 }, (_, index) => index + 1)
export const ENDPOINTS = 5
export const PROFILE = profileNamed('llama-3.1-8b-a100')
export const AFFINITY = 'session-affinity'
export const DEFAULT = 'marginal-cost'
const arm = (type: string): Arm => ({ label: type, policy: { type } })

export const ONE_SESSION_ARMS: readonly Arm[] = [AFFINITY, DEFAULT, 'prefix-aware', 'round-robin'].map(arm)
export const MANY_CLIENTS_ARMS: readonly Arm[] = [
  AFFINITY,
  'consistent-hash',
  'prefix-aware',
  'hit-bonus',
  'least-loaded',
  'round-robin',
  'least-prefill-work',
  DEFAULT,
].map(arm)

/** The published experiment: identical prompts, one after the other. */
const PUBLISHED: OneSession = { requests: 200, prefix: [200, 600], own: 0, answer: 64, parallel: 1, think: 0 }

/** Pauses in seconds; the last one is longer than the two hours after which a session is forgotten. */
export const THINKS = [0, 1, 60, 7000, 10_800] as const

export const ONE_SESSION: readonly (readonly [title: string, load: OneSession])[] = [
  ...THINKS.map((think): [string, OneSession] => [`identical, ${think} s between`, { ...PUBLISHED, think }]),
  ['identical, 8 at a time', { ...PUBLISHED, parallel: 8 }],
  ['800 to 1,200 tokens alike and 50 that are not', { ...PUBLISHED, prefix: [800, 1200], own: 50 }],
  ['identical, 20 to 60 tokens', { ...PUBLISHED, prefix: [20, 60] }],
]

const CLIENTS: Omit<ManyClients, 'hotRate'> = { clients: 50, otherRate: 6, seconds: 150 }

/** Loads of many clients; the KV tokens of each endpoint behind them. */
export const MANY_CLIENTS: readonly (readonly [title: string, load: ManyClients, kvTokens: number])[] = [
  ['the hot client sends 2 of 8 requests a second', { ...CLIENTS, hotRate: 2 }, PROFILE.kvTokens],
  ['4 of 10', { ...CLIENTS, hotRate: 4 }, PROFILE.kvTokens],
  ['6 of 12', { ...CLIENTS, hotRate: 6 }, PROFILE.kvTokens],
  ['4 of 10, caches of 100,000 tokens', { ...CLIENTS, hotRate: 4 }, 100_000],
]

export function runOneSession(load: OneSession): Measured<SessionFigures> {
  const setting = { workload: (seed: number) => oneSession(load, seed), endpoints: plainEndpoints(PROFILE, ENDPOINTS) }
  return runArms(setting, ONE_SESSION_ARMS, SEEDS, measure)
}

export function runManyClients(load: ManyClients, kvTokens: number): Measured<SessionFigures> {
  const endpoints = plainEndpoints({ ...PROFILE, kvTokens }, ENDPOINTS)
  const setting = { workload: (seed: number) => manyClients(load, seed), endpoints, warmUp: 0.2 }
  return runArms(setting, MANY_CLIENTS_ARMS, SEEDS, measure)
}

function measure(result: SimulationResult): SessionFigures {
  const { requests } = result
  const stuck = requests.filter(({ endpoint }, i) => endpoint === requests[i - 1]?.endpoint).length
  return { ...figuresOf(result), stuck: stuck / (requests.length - 1) }
}
