import { expect, test } from 'vitest'
import { runPlan } from './plan.ts'
import type { PlanSettings } from './plan.ts'
import { planReportSchema } from './report/plan-schema.ts'
import { planMarkdown, planText } from './report/plan-report.ts'
import { smallMatrix } from './testing/small-matrix.ts'

const { load } = smallMatrix()
const settings: PlanSettings = {
  load: {
    ...load,
    selection: {
      ...load.selection,
      source: { kind: 'generator', workload: 'single', knobs: { sessions: 60, turns: 1, promptLen: 40_000 } },
    },
  },
  arms: [{ label: 'lpw', policy: { type: 'least-prefill-work' } }],
  cell: {
    profile: 'qwen3-32b-tp2-h100',
    kvTokens: 100_000,
    hostTokens: 0,
    speed: 1,
    view: { kind: 'exact' },
    routers: 1,
  },
  targets: [{ time: 'ttft', statistic: 'p95', seconds: 3 }],
  maxReplicas: 64,
  seeds: [1, 2],
  command: ['--workload', 'single'],
}

test('finds how many endpoints the targets need, for round robin too', async () => {
  const report = await runPlan(settings, { jobs: 2 })
  expect(planReportSchema.parse(JSON.parse(JSON.stringify(report)))).toEqual(report)
  const [reference, arm] = report.arms
  expect([reference?.label, arm?.label]).toEqual(['round-robin', 'lpw'])
  if (!arm?.met || !arm.missed || !reference?.met) throw new Error('expected both to meet the targets')
  expect([arm.met.isMet, arm.missed.isMet]).toEqual([true, false])
  expect(arm.met.ttft?.p95).toBeLessThanOrEqual(3)
  expect(arm.missed.ttft?.p95).toBeGreaterThan(3)
  expect(arm.missed.replicas).toBe(arm.met.replicas - 1)
  expect(arm.saving?.replicas).toBe(reference.met.replicas - arm.met.replicas)
  expect(planText(report)).toMatch(/lpw +\d+ /)
  expect(planMarkdown(report)).toContain('kvasir plan --workload single')
})

test('says so when no number of endpoints is enough', async () => {
  const targets = [{ time: 'ttft', statistic: 'mean', seconds: 0.001 }] as const
  const report = await runPlan({ ...settings, targets, maxReplicas: 3 }, { jobs: 2 })
  expect(report.arms[1]).toMatchObject({
    replicas: null,
    met: null,
    missed: { replicas: 3, isMet: false },
    saving: null,
  })
  expect(planText(report)).toContain('more than 3')
})
