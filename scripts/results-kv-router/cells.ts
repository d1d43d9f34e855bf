import type { EngineProfile } from '../../src/engine/profile.ts'
import { profileNamed } from '../../src/engine/profiles.ts'
import type { SimulationResult } from '../../src/sim/simulation-result.ts'
import { plainEndpoints } from '../plain-endpoints.ts'
import { figuresOf } from '../results/request-figures.ts'
import type { RequestFigures } from '../results/request-figures.ts'
import { runArms } from '../results/seeded-runs.ts'
import type { Arm } from '../../src/sim/arms.ts'
import type { Measured } from '../results/seeded-runs.ts'
import { kvRouterLoad } from './workload.ts'
import type { Texts } from './workload.ts'

/** The figures of a run, and the share of requests that found the beginning of their prompt cached. */
export interface KvRouterFigures extends RequestFigures {
  readonly found: number
}

/** One table: the same load under every policy. */
export interface Cell {
  readonly title: string
  readonly texts: Texts
  readonly profile: EngineProfile
  readonly requests: number
  readonly concurrency: number
  readonly warmUp: number
}

export const SEEDS: readonly number[] = Array.from({ length: 20 }, (_, index) => index + 1)
export const ENDPOINTS = 3
export const DEFAULT = 'marginal-cost'
export const NAIVE = 'round-robin'
export const ITS_RULE = 'hit-bonus'

export const ARMS: readonly Arm[] = [
  NAIVE,
  'least-loaded',
  ITS_RULE,
  'consistent-hash',
  'kubeai-chwbl',
  'prefix-aware',
  'least-prefill-work',
  DEFAULT,
].map((type) => ({ label: type, policy: { type } }))

/** Tokens of the load generator's eight questions, at four characters each. */
const QUESTIONS = [22, 18, 18, 18, 20, 17, 17, 16]
const SYSTEM = 512
const MEAN_QUESTION = QUESTIONS.reduce((sum, tokens) => sum + tokens, 0) / QUESTIONS.length
const MISS_SECONDS = 0.8
const HIT_SECONDS = 0.1
const PER_TOKEN = (MISS_SECONDS - HIT_SECONDS) / SYSTEM

/** Prompts as the article describes them: six system prompts of 512 tokens. */
const ARTICLE: Texts = { shared: SYSTEM, others: Array.from({ length: 5 }, () => SYSTEM), questions: QUESTIONS }
/** The texts that the load generator really sends, at four characters a token. */
const SENT: Texts = { shared: 118, others: [21, 20, 20, 19, 20], questions: QUESTIONS }

/**
 * An engine that needs 0.8 s for a system prompt and a question of average length, and 0.1 s for the question alone:
 * a straight line through the middles of the fakes' two ranges. Its decode step only matters to longer answers.
 */
export const ENGINE: EngineProfile = {
  name: 'kv-router',
  rates: {
    prefillBase: HIT_SECONDS - PER_TOKEN * MEAN_QUESTION,
    prefillPerToken: PER_TOKEN,
    prefillPerPair: 0,
    decodeBase: 0.025,
    decodePerSequence: 0,
    decodePerKvToken: 0,
    overhead: 0,
  },
  kvTokens: 100_000,
  blockSize: 16,
  maxBatchedTokens: 8192,
  maxSequences: 1,
}

/** A card with room for three of the six system prompts and one request's question. */
const SMALL_KV_TOKENS = 1728
export const REAL_PROFILE = 'llama-3-70b-tp4-a100'

const COLD = { texts: ARTICLE, requests: 60, warmUp: 0 }
const STEADY = { texts: ARTICLE, requests: 600, warmUp: 0.1 }
const WIDE: EngineProfile = { ...ENGINE, maxSequences: 8 }

/** The cells that targets are read from, in the order of the page. */
export const CELLS = {
  coldOne: { ...COLD, title: '60 requests from cold, one at a time', profile: ENGINE, concurrency: 1 },
  coldFive: { ...COLD, title: '60 from cold, five at a time, engines of capacity 1', profile: ENGINE, concurrency: 5 },
  coldWide: { ...COLD, title: '60 from cold, five at a time, engines of capacity 8', profile: WIDE, concurrency: 5 },
  steadyOne: { ...STEADY, title: '600 requests, one at a time', profile: ENGINE, concurrency: 1 },
  steadyFive: { ...STEADY, title: '600, five at a time, engines of capacity 1', profile: ENGINE, concurrency: 5 },
  steadyWide: { ...STEADY, title: '600, five at a time, engines of capacity 8', profile: WIDE, concurrency: 5 },
  smallFive: {
    ...STEADY,
    title: '600, five at a time, capacity 1, caches for half of the system prompts',
    profile: { ...ENGINE, kvTokens: SMALL_KV_TOKENS },
    concurrency: 5,
  },
  realFive: {
    ...COLD,
    title: `The texts it really sends on a real profile (${REAL_PROFILE}), 60 from cold, five at a time`,
    texts: SENT,
    profile: profileNamed(REAL_PROFILE),
    concurrency: 5,
  },
} as const satisfies Readonly<Record<string, Cell>>

/** Runs all policies on a cell. */
export function runCell(cell: Cell): Measured<KvRouterFigures> {
  const { texts, profile, requests, concurrency, warmUp } = cell
  const workload = (seed: number) => kvRouterLoad(texts, requests, seed)
  const setting = { workload, endpoints: plainEndpoints(profile, ENDPOINTS), concurrency, warmUp }
  return runArms(setting, ARMS, SEEDS, (result) => ({ ...figuresOf(result), found: foundShare(result) }))
}

function foundShare({ requests }: SimulationResult): number {
  return requests.filter(({ cachedTokens }) => cachedTokens > 0).length / requests.length
}
