import type { PrefixIndex } from '../core/prefix-index.ts'
import { PredictedIndex } from '../prefix/predicted-index.ts'
import { createRandom, mixBits } from '../workload/random.ts'
import type { CacheEventLog } from './cache-events.ts'
import { EventIndex } from './event-index.ts'
import { ExactIndex } from './exact-index.ts'
import type { ExactMatches } from './exact-matches.ts'
import type { PolledLoad } from './polled-load.ts'
import type { PromptTree } from './prompt-tree.ts'
import type { RunningEndpoint } from './running-endpoint.ts'
import type { Scenario } from './scenario.ts'
import { SimulatedRouter } from './simulated-router.ts'

export interface RoutersParts {
  readonly scenario: Scenario
  readonly endpoints: readonly RunningEndpoint[]
  /** The prompts in the router's blocks. */
  readonly promptTree: PromptTree
  readonly matches: ExactMatches
  readonly polled: PolledLoad | undefined
  readonly log: CacheEventLog | undefined
  readonly clock: () => number
}

/** Creates the scenario's routers, each with an index, a ledger, a policy and a source of chance of its own. */
export function createRouters(parts: RoutersParts): SimulatedRouter[] {
  const { scenario, endpoints, polled, clock } = parts
  return Array.from({ length: scenario.routers }, (_, number) => {
    const random = createRandom(mixBits(scenario.seed) + 2 * number + 1)
    const index = createIndex(parts, createRandom(mixBits(scenario.seed) + 2 * number + 2))
    return new SimulatedRouter({ endpoints, policy: scenario.policy, index, polled, clock, random })
  })
}

function createIndex(parts: RoutersParts, random: () => number): PrefixIndex {
  const { scenario, endpoints, promptTree, matches, log, clock } = parts
  const { view } = scenario
  if (view.kind === 'predicted') return new PredictedIndex()
  if (view.kind !== 'events') return new ExactIndex(matches, endpoints, promptTree)
  if (log === undefined) throw new Error('the events view needs a log of cache events')
  return new EventIndex({ log, endpoints, promptTree, delay: view.delay, loss: view.loss, clock, random })
}
