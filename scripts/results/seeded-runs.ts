import type { PartConfig } from '../../src/core/plugin.ts'
import type { Arm } from '../../src/sim/arms.ts'
import type { SimulatedEndpoint } from '../../src/sim/scenario.ts'
import type { SimulationResult } from '../../src/sim/simulation-result.ts'
import { Simulation } from '../../src/sim/simulation.ts'
import type { Workload } from '../../src/workload/workload.ts'

/** Labels of endpoints, by their ids. */
export type EndpointLabels = Readonly<Record<string, Readonly<Record<string, string>>>>

/** What all policies of a table have in common. */
export interface Setting {
  readonly workload: (seed: number) => Workload
  readonly endpoints: readonly SimulatedEndpoint[]
  readonly labels?: EndpointLabels
  /** Sessions at once under closed pacing. */
  readonly concurrency?: number
  /** Share of the requests, first ones first, that are not measured. */
  readonly warmUp?: number
}

/** What was measured of every policy, by label: one entry per seed. */
export type Measured<Figures> = ReadonlyMap<string, readonly Figures[]>

/**
 * Runs every policy with every seed, all on the same workloads and from empty caches. The router knows what it knows in
 * production: its own predictions, corrected by what engines report.
 */
export function runArms<Figures>(
  setting: Setting,
  arms: readonly Arm[],
  seeds: readonly number[],
  measure: (result: SimulationResult) => Figures,
): Measured<Figures> {
  const measured = new Map(arms.map(({ label }): [string, Figures[]] => [label, []]))
  for (const seed of seeds) {
    const workload = setting.workload(seed)
    for (const { label, policy } of arms) measured.get(label)?.push(measure(simulate(setting, workload, policy, seed)))
  }
  return measured
}

function simulate(setting: Setting, workload: Workload, policy: PartConfig, seed: number): SimulationResult {
  const { endpoints, labels, concurrency, warmUp = 0 } = setting
  const simulation = new Simulation({
    workload,
    endpoints,
    policy,
    view: { kind: 'predicted' },
    routers: 1,
    seed,
    warmUp,
    ...(concurrency === undefined ? {} : { concurrency }),
  })
  if (labels !== undefined) labelEndpoints(simulation, labels)
  return simulation.run()
}

/** A scenario has no labels; the router's own fleet takes them as after a change of its configuration. */
function labelEndpoints(simulation: Simulation, labels: EndpointLabels): void {
  for (const { fleet } of simulation.routers) {
    for (const { id, url, role, rates, kvTokens, maxConcurrency } of fleet.endpoints) {
      fleet.configure({ id, url, role, labels: labels[id] ?? {}, rates, kvTokens, maxConcurrency })
    }
  }
}
