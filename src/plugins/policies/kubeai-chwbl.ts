import { definePolicy, z } from '../../core/plugin.ts'
import type { SchedulingRequest } from '../../core/request.ts'
import { BLOCK_BYTES } from '../../prefix/block-keys.ts'
import { createHashRing } from '../hash-ring.ts'
import { mixHashes } from '../text-hash.ts'

/** Hash of the chained key that covers the prompt's first `bytes`, or all of its full blocks if it is shorter. */
function hashPrompt({ blocks }: SchedulingRequest, bytes: number): number {
  const last = Math.min(blocks.count, Math.ceil(bytes / BLOCK_BYTES)) - 1
  return mixHashes(blocks.words[2 * last]!, blocks.words[2 * last + 1]!)
}

/**
 * Consistent hashing with bounded loads on a ring with virtual nodes: from the place of the prompt's beginning on, the
 * first endpoint with room. There is room where `inFlight + 1 <= 1.25 * (total + 1) / n`, and everywhere when nothing
 * is in flight. When nobody has room, the first endpoint on the ring takes the request.
 *
 * The cost is an endpoint's place on the ring from the prompt on; those without room follow behind those with.
 *
 * Source: the `PrefixHash` strategy of KubeAI and its defaults: 256 virtual nodes, load factor 125 %, prefix of 100
 * characters. There, the prefix is that of the first user message, with the adapter's name; here, it is that of the
 * whole prompt, in whole blocks of 256 bytes, so prompts behind one long system prompt share their place. A prompt
 * without a full block goes to the endpoint with the fewest requests. `consistent-hash` is the rule without these
 * peculiarities.
 */
export default definePolicy({
  type: 'kubeai-chwbl',
  summary: 'Ring of hashed endpoints, the first from the beginning of the prompt on whose load is within a bound',
  options: z.strictObject({
    prefixChars: z.number().int().positive().default(100).describe('Characters at the beginning of the prompt to hash'),
    replication: z.number().int().positive().max(4096).default(256).describe('Points of each endpoint on the ring'),
    loadFactor: z.number().min(1).default(1.25).describe('Load an endpoint may have, as a multiple of the mean'),
  }),
  reads: ['inFlight'],
  reasons: ['home', 'passed-on', 'no-room', 'no-prefix'],
  unit: 'rank',
  terms: ['place', 'without-room'],
  create({ prefixChars, replication, loadFactor }) {
    const ring = createHashRing(replication)
    let order = new Int32Array(64)
    return {
      rank(request, candidates, ranking) {
        const count = candidates.length
        if (request.blocks.count === 0) {
          ranking.reason = 'no-prefix'
          for (let i = 0; i < count; i++) ranking.cost[i] = candidates[i]!.signals.inFlight
          return
        }
        if (order.length < count) order = new Int32Array(2 * count)
        ring.order(hashPrompt(request, prefixChars), candidates, order)
        let total = 0
        for (let i = 0; i < count; i++) total += candidates[i]!.signals.inFlight
        const bound = total === 0 ? Number.POSITIVE_INFINITY : (loadFactor * (total + 1)) / count
        let withRoom = 0
        for (let place = 0; place < count; place++) {
          const i = order[place]!
          const hasRoom = candidates[i]!.signals.inFlight + 1 <= bound
          if (hasRoom) withRoom += 1
          ranking.term(0, i, place)
          ranking.term(1, i, hasRoom ? 0 : count)
          ranking.cost[i] = place + (hasRoom ? 0 : count)
        }
        if (withRoom === 0) ranking.reason = 'no-room'
        else ranking.reason = ranking.cost[order[0]!] === 0 ? 'home' : 'passed-on'
      },
    }
  },
})
