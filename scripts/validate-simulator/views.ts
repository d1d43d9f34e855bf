import type { Table } from '../../src/report/table.ts'
import type { RouterView } from '../../src/sim/scenario.ts'
import { conversationAt, engine, figuresOf, meanOf } from './runs.ts'

const SEEDS = [1, 2]
const EXACT: RouterView = { kind: 'exact' }
const ARMS: readonly (readonly [label: string, view: RouterView, routers: number])[] = [
  ['exact', EXACT, 1],
  ['predicted', { kind: 'predicted' }, 1],
  ['events, 0.1 s late', { kind: 'events', delay: 0.1, loss: 0 }, 1],
  ['events, 2 s late, 10 % lost', { kind: 'events', delay: 2, loss: 0.1 }, 1],
  ['load polled every 50 ms', { kind: 'polled', interval: 0.05 }, 1],
  ['load polled every second', { kind: 'polled', interval: 1 }, 1],
  ['two routers', EXACT, 2],
  ['four routers', EXACT, 4],
]

/** What it costs a router to know less; nobody has published this for the trace. */
export function viewTables(): Table[] {
  const rows = ARMS.map(([label, view, routers]) => [
    label,
    ...['least-prefill-work', 'marginal-cost'].map((type) => {
      const { ttft, ttftP99, tpot, hit } = meanOf(
        SEEDS.map((seed) =>
          figuresOf({
            workload: conversationAt(1.5, seed),
            profile: engine('qwen3-32b-tp2-h100', 1_000_000),
            endpoints: 8,
            policy: { type },
            view,
            routers,
            seed,
          }),
        ),
      )
      return `${ttft.toFixed(3)} / ${ttftP99.toFixed(1)} / ${tpot.toFixed(1)} / ${(100 * hit).toFixed(1)}`
    }),
  ])
  return [
    {
      title: 'What the router knows, same trace and endpoints: TTFT s / p99 / TPOT ms / hit %',
      rows: [['view', 'least-prefill-work', 'marginal-cost'], ...rows],
    },
  ]
}
