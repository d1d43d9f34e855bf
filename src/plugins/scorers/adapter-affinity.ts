import { defineScorer, z } from '../../core/plugin.ts'
import type { AdapterState } from '../../core/adapter-slots.ts'

const SCORES: Readonly<Record<AdapterState, number>> = { loaded: 1, room: 0.8, waiting: 0.6, full: 0 }
const NEUTRAL = 0.5

/**
 * Where the request's adapter (LoRA) is in a slot of the batch already, it is not loaded again and pushes out no other:
 * 1 where it is loaded, 0.8 where a slot is free or holds an adapter without requests, 0.6 where requests for it wait for a
 * slot, 0 where all slots are in use by others. 0.5 while that is unknown, and for a request that needs no adapter.
 *
 * Source: llm-d's LoRA-affinity scorer and its values. There an adapter is active while requests for it run, by the last
 * metrics; here it also counts from the moment a request for it is sent, and until another takes its slot.
 */
export default defineScorer({
  type: 'adapter-affinity',
  summary: "Prefers endpoints that have the request's adapter (LoRA) loaded",
  options: z.strictObject({}),
  reads: ['adapterState'],
  create() {
    return (_request, { signals: { adapterState } }) => (adapterState === undefined ? NEUTRAL : SCORES[adapterState])
  },
})
