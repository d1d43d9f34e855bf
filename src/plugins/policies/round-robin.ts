import { definePolicy, z } from '../../core/plugin.ts'
import { createSlotTable } from '../slot-table.ts'

/**
 * Each endpoint in turn: the one whose last turn is longest ago goes next. That equals a cursor over a fixed list, and
 * stays fair where a cursor does not: when an endpoint is left out for a while, its neighbour does not get two turns.
 *
 * An endpoint that has had no turn yet goes first. The cost is how long ago the last turn was, in turns, negated.
 *
 * Source: the `roundrobin` baseline of llm-cache-router and of every load balancer.
 */
export default definePolicy({
  type: 'round-robin',
  summary: 'Each endpoint in turn',
  options: z.strictObject({}),
  reads: [],
  reasons: ['next-in-turn'],
  unit: 'rank',
  create() {
    const lastTurn = createSlotTable(0)
    let turn = 0
    return {
      rank(_request, candidates, ranking) {
        for (let i = 0; i < candidates.length; i++) ranking.cost[i] = lastTurn.get(candidates[i]!) - turn
      },
      booked(_request, endpoint) {
        lastTurn.set(endpoint, ++turn)
      },
    }
  },
})
