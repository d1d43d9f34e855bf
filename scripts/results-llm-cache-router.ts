import { writePage } from './results/table.ts'
import { cloudSweep } from './results-llm-cache-router/cloud.ts'
import { controlTables, laptopTable, valveTable } from './results-llm-cache-router/laptop.ts'
import {
  CLOUD_DIFFERENCES,
  CLOUD_SETTING,
  CONTROL_DIFFERENCES,
  introduction,
  LAPTOP_DIFFERENCES,
  LAPTOP_SETTING,
  VALVE_DIFFERENCES,
} from './results-llm-cache-router/prose.ts'
import { criteriaTable } from './results-llm-cache-router/tables.ts'

/**
 * Writes docs/results/llm-cache-router.md: the published tables of llm-cache-router beside the same loads on simulated
 * engines. Virtual time and fixed seeds: the page is the same on every machine, and takes a minute.
 */
const PAGE = 'docs/results/llm-cache-router.md'
const SEEDS = 60

const models = (['7b', '14b'] as const).map((model) => cloudSweep(model, SEEDS))
const laptop = laptopTable(SEEDS)
const valve = valveTable(SEEDS)
const controls = controlTables(SEEDS)
const criteria = [...models, laptop, valve, controls].flatMap((section) => section.criteria)
const failed = criteria.filter(({ passed }) => !passed).length

writePage(PAGE, [
  ...introduction(SEEDS),
  '',
  '## What was to be shown',
  '',
  `${criteria.length - failed} of ${criteria.length} criteria pass. Ratios are \`marginal-cost\`'s figure divided by the other's, seed by seed: mean and interval.`,
  '"No worse" means that the interval does not lie beyond 1 by more than 1 %; the cached share has no such allowance, and a slope one of 0.5 ms.',
  '',
  ...criteriaTable(criteria),
  '',
  '## Sweep of sessions on four A100',
  '',
  ...CLOUD_SETTING,
  '',
  ...models.flatMap(({ lines }) => lines),
  '### Why it differs',
  '',
  ...CLOUD_DIFFERENCES,
  '',
  '## Three servers on a laptop',
  '',
  ...LAPTOP_SETTING,
  '',
  ...laptop.lines,
  '',
  ...LAPTOP_DIFFERENCES,
  '',
  '## The safety valve',
  '',
  'The same fleet, 12 sessions of 3 turns.',
  '',
  ...valve.lines,
  '',
  ...VALVE_DIFFERENCES,
  '',
  '## Controls',
  '',
  ...controls.lines,
  '',
  ...CONTROL_DIFFERENCES,
])
