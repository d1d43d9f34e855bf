import { BlockHasher } from '../../prefix/block-hasher.ts'
import { BLOCK_BYTES } from '../../prefix/block-keys.ts'
import { PredictedIndex } from '../../prefix/predicted-index.ts'
import { z, definePolicy, type PolicyPlugin } from '../plugin.ts'
import type { EndpointSettings } from '../endpoint.ts'
import { Fleet } from '../fleet.ts'
import type { PoolPolicy } from '../pool.ts'
import type { StepRates } from '../rates.ts'
import type { SchedulingRequest } from '../request.ts'
import { Scheduler } from '../scheduler.ts'

/** Round numbers: 10,000 tokens a second, no base cost, no attention. */
export const PLAIN_RATES: StepRates = {
  prefillBase: 0,
  prefillPerToken: 1e-4,
  prefillPerPair: 0,
  decodeBase: 0.01,
  decodePerSequence: 1e-5,
  decodePerKvToken: 1e-8,
  overhead: 0,
}

export const fewestInFlight = definePolicy({
  type: 'fewest-in-flight',
  summary: 'for tests',
  options: z.strictObject({}),
  reads: ['inFlight'],
  reasons: ['fewest'],
  unit: 'requests',
  create: () => ({
    rank(_request, candidates, ranking) {
      for (const [i, { signals }] of candidates.entries()) ranking.cost[i] = signals.inFlight
    },
  }),
})

/** A policy for every pool. */
export function policyOf(plugin: PolicyPlugin = fewestInFlight): PoolPolicy {
  const parts = { filter: () => () => true, scorer: () => () => 0, picker: () => () => undefined }
  return { plugin, policy: plugin.instantiate({}, { random: () => 0.5, parts }) }
}

export function settingsOf(id: string, over: Partial<EndpointSettings> = {}): EndpointSettings {
  return {
    id,
    url: `http://${id}:8000`,
    role: 'both',
    labels: {},
    rates: PLAIN_RATES,
    kvTokens: 100_000,
    maxConcurrency: Number.POSITIVE_INFINITY,
    ...over,
  }
}

const encoder = new TextEncoder()

/** A request whose prompt is `prompt`; its blocks are those of the text. */
export function requestOf(prompt: string, over: Partial<SchedulingRequest> = {}): SchedulingRequest {
  const hasher = new BlockHasher()
  hasher.begin({ model: 'm' })
  const bytes = encoder.encode(prompt)
  hasher.update(bytes, new DataView(bytes.buffer), 0, bytes.length)
  return {
    id: 'r',
    model: 'm',
    blocks: hasher.finish(),
    tokensPerBlock: BLOCK_BYTES / 4,
    promptTokens: bytes.length / 4,
    promptBytes: bytes.length,
    outputTokens: 100,
    streamed: true,
    session: undefined,
    clientAddress: '127.0.0.1',
    header: () => undefined,
    ...over,
  }
}

/** A fleet of ready endpoints of one model `m`, a scheduler over it, and a clock that the test moves. */
export function fleetFixture(ids: readonly string[], plugin: PolicyPlugin = fewestInFlight) {
  const time = { now: 0 }
  const index = new PredictedIndex()
  const fleet = new Fleet({ index, policyFor: () => policyOf(plugin), bytesPerToken: 4 })
  for (const id of ids) {
    fleet.add(settingsOf(id), ['m'])
    fleet.setReady(id, true)
  }
  const errors: unknown[] = []
  const scheduler = new Scheduler({
    index,
    clock: () => time.now,
    random: () => 0.5,
    onPolicyError: (_policy, error) => errors.push(error),
  })
  const pool = fleet.poolOf('m')
  if (pool === undefined) throw new Error('the fixture has no pool')
  return { fleet, index, scheduler, pool, time, errors }
}
