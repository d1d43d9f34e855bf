import type { Refusal } from '../core/decision.ts'
import { Fleet } from '../core/fleet.ts'
import type { PartConfig } from '../core/plugin.ts'
import type { Pool, PoolPolicy } from '../core/pool.ts'
import type { PrefixIndex } from '../core/prefix-index.ts'
import { type Choice, Scheduler } from '../core/scheduler.ts'
import { findPolicy } from '../plugins/find-policy.ts'
import { FILTERS, PICKERS, SCORERS } from '../plugins/index.ts'
import { instantiatePlugin } from '../plugins/instantiate-plugin.ts'
import { createPartFactory } from '../plugins/part-factory.ts'
import { BYTES_PER_TOKEN } from '../workload/synthesize-text.ts'
import type { Call } from './call.ts'
import type { PolledLoad } from './polled-load.ts'
import { type PromptKeys, ROUTER_BLOCK_TOKENS } from './prepared-workload.ts'
import type { RunningEndpoint } from './running-endpoint.ts'

const MODEL = 'simulated'

export interface RouterParts {
  readonly endpoints: readonly RunningEndpoint[]
  readonly policy: PartConfig
  readonly index: PrefixIndex
  /** What the router knows of the load instead of its own ledger. */
  readonly polled: PolledLoad | undefined
  readonly clock: () => number
  readonly random: () => number
}

/** One router of a simulation: the production fleet, scheduler and policy with an index of its own. */
export class SimulatedRouter {
  readonly fleet: Fleet
  readonly #pool: Pool
  readonly #scheduler: Scheduler

  constructor({ endpoints, policy, index, polled, clock, random }: RouterParts) {
    const policyFor = (): PoolPolicy => {
      const made = createPolicy(policy, random)
      return polled === undefined ? made : polled.policy(made)
    }
    this.fleet = new Fleet({ index, policyFor, bytesPerToken: BYTES_PER_TOKEN })
    for (const endpoint of endpoints) addTo(this.fleet, endpoint)
    const pool = this.fleet.poolOf(MODEL)
    if (pool === undefined) throw new RangeError('a simulation needs at least one endpoint, got none')
    this.#pool = pool
    this.#scheduler = new Scheduler({ index, clock, random, onPolicyError })
  }

  /** Chooses an endpoint for a call and books it there; the chosen endpoint's number is the lease's slot. */
  choose(call: Call, blocks: PromptKeys): Choice | Refusal {
    const { recorded } = call.plan
    // Clients set no limit, as most do: what an answer will be like, the router learns from earlier ones.
    const outputTokens = this.#pool.outputTokens.value
    call.expectedTokens = call.promptTokens + outputTokens
    return this.#scheduler.choose(this.#pool, {
      id: recorded.id,
      model: MODEL,
      blocks,
      tokensPerBlock: ROUTER_BLOCK_TOKENS,
      promptTokens: call.promptTokens,
      promptBytes: call.promptTokens * BYTES_PER_TOKEN,
      outputTokens,
      streamed: true,
      session: recorded.session,
      clientAddress: '',
      header: noHeader,
    })
  }
}

function noHeader(): undefined {
  return undefined
}

function addTo(fleet: Fleet, { spec, believed }: RunningEndpoint): void {
  const { id } = spec
  const { rates, kvTokens } = believed
  const url = `http://${id}`
  fleet.add({ id, url, role: 'both', labels: {}, rates, kvTokens, maxConcurrency: Number.POSITIVE_INFINITY }, [MODEL])
}

function createPolicy({ type, ...options }: PartConfig, random: () => number): PoolPolicy {
  const plugin = findPolicy(type)
  const parts = createPartFactory({ filters: FILTERS, scorers: SCORERS, pickers: PICKERS }, random)
  return { plugin, policy: instantiatePlugin(plugin, options, { random, parts }) }
}

/** In production the request would go on with all endpoints ranked equal; a result that rests on that says nothing. */
function onPolicyError(policy: string, error: unknown): never {
  throw new Error(`policy '${policy}' failed: ${error instanceof Error ? error.message : String(error)}`, {
    cause: error,
  })
}
