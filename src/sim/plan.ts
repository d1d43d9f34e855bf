import { statistics } from '../stats/summary.ts'
import type { Statistics } from '../stats/summary.ts'
import type { Arm } from './arms.ts'
import { describeWorkload } from './describe-workload.ts'
import type { Cell } from './matrix-cells.ts'
import { checkCapacity } from './matrix-check.ts'
import { columnOf } from './matrix-columns.ts'
import type { RunColumns } from './matrix-columns.ts'
import { runFigures, timingNames } from './matrix-figures.ts'
import type { TimingName } from './matrix-figures.ts'
import { endpointsOf } from './matrix-fleet.ts'
import { createJobRunner } from './matrix-jobs.ts'
import type { JobRunner } from './matrix-jobs.ts'
import type { LoadShape } from './matrix-settings.ts'
import { viewLabel } from './matrix-view.ts'
import { createWorkloads } from './matrix-workload.ts'
import { searchReplicas } from './plan-search.ts'
import type { PlanFound } from './plan-search.ts'
import type { PlanTarget } from './plan-targets.ts'
import type { PlanArm, PlanFigures, PlanReport } from './report/plan-schema.ts'

/** Everything that decides the outcome of a plan. */
export interface PlanSettings {
  readonly load: LoadShape
  readonly arms: readonly Arm[]
  /** Everything but the number of endpoints, which is searched. */
  readonly cell: Omit<Cell, 'replicas'>
  readonly targets: readonly PlanTarget[]
  readonly maxReplicas: number
  readonly seeds: readonly number[]
  /** Arguments to show in reports. */
  readonly command: readonly string[]
}

/** How a plan is run: nothing here changes its outcome. */
export interface PlanHooks {
  /** Worker threads. */
  readonly jobs: number
  /** A policy was tried with a number of endpoints. */
  readonly onStep?: (label: string, replicas: number, isMet: boolean) => void
}

/** The policy that savings are relative to. */
const REFERENCE = 'round-robin'

/**
 * Finds for every policy how many endpoints a workload needs to meet its targets.
 * @throws InputError when an endpoint cannot run the workload
 */
export async function runPlan(settings: PlanSettings, hooks: PlanHooks): Promise<PlanReport> {
  const { load, cell, seeds, targets, maxReplicas, command } = settings
  const workloads = await createWorkloads(load)
  const first = workloads.workload(1, seeds[0] ?? 1)
  checkCapacity(first, endpointsOf({ ...cell, replicas: 1 }, undefined))
  const arms = withReference(settings.arms)
  await using runner = createJobRunner({ load, fleet: undefined }, hooks.jobs)
  const found = await Promise.all(arms.map((arm) => planArm(arm, settings, runner, hooks)))
  const reference = found[arms.findIndex(({ policy }) => policy.type === REFERENCE)]?.met?.replicas
  return {
    format: 'kvasir-plan',
    version: 1,
    command: [...command],
    workload: describeWorkload(first, workloads, load),
    ...cell,
    view: viewLabel(cell.view),
    seeds: [...seeds],
    targets: targets.map((target) => ({ ...target })),
    maxReplicas,
    arms: arms.flatMap((arm, index) => {
      const result = found[index]
      return result === undefined ? [] : [describeArm(arm, result, reference)]
    }),
  }
}

/** Savings need round robin, whoever else is asked for. */
function withReference(arms: readonly Arm[]): readonly Arm[] {
  if (arms.some(({ policy }) => policy.type === REFERENCE)) return arms
  return [{ label: REFERENCE, policy: { type: REFERENCE } }, ...arms]
}

function planArm(
  arm: Arm,
  { cell, seeds, targets, maxReplicas }: PlanSettings,
  runner: JobRunner,
  { onStep }: PlanHooks,
): Promise<PlanFound<PlanFigures>> {
  return searchReplicas(maxReplicas, async (replicas) => {
    const runs = await Promise.all(seeds.map((seed) => runner.run({ ...cell, replicas }, arm, seed)))
    const figures = planFigures(replicas, runs, targets)
    onStep?.(arm.label, replicas, figures.isMet)
    return figures
  })
}

function planFigures(replicas: number, runs: readonly RunColumns[], targets: readonly PlanTarget[]): PlanFigures {
  const [ttft, tpot, e2e] = timingNames.map((name) => pooled(runs, name))
  const times = { ttft: ttft ?? null, tpot: tpot ?? null, e2e: e2e ?? null }
  const scalars = runs.map((run) => runFigures(run, []).scalars)
  const unfinished = runs.some((run) => columnOf(run, 'e2e').some((seconds) => !Number.isFinite(seconds)))
  return {
    replicas,
    // Answers of single tokens have no TPOT that could be too long.
    isMet: !unfinished && targets.every(({ time, statistic, seconds }) => (times[time]?.[statistic] ?? 0) <= seconds),
    ...times,
    cachedShare: mean(scalars.map(({ cachedShare }) => cachedShare)),
    busiestShare: mean(scalars.map(({ busiestShare }) => busiestShare)),
  }
}

function pooled(runs: readonly RunColumns[], name: TimingName): Statistics | null {
  const values = runs.flatMap((run) => [...columnOf(run, name)]).filter(Number.isFinite)
  return values.length === 0 ? null : statistics(values)
}

function mean(values: readonly number[]): number | null {
  const known = values.filter(Number.isFinite)
  return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0) / known.length
}

function describeArm(
  { label, policy }: Arm,
  { met, missed }: PlanFound<PlanFigures>,
  reference: number | undefined,
): PlanArm {
  const saving =
    met === undefined || reference === undefined
      ? null
      : { replicas: reference - met.replicas, share: 1 - met.replicas / reference }
  return {
    label,
    policy: { ...policy },
    replicas: met?.replicas ?? null,
    met: met ?? null,
    missed: missed ?? null,
    saving,
  }
}
