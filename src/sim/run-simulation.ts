import type { Scenario } from './scenario.ts'
import { Simulation } from './simulation.ts'
import type { SimulationResult } from './simulation-result.ts'

/**
 * Simulates a workload on engines behind the production scheduler, in virtual time. Equal scenarios give equal results.
 *
 * @throws {RangeError} A scenario that makes no sense; says what was expected where, and what was found.
 * @throws {PluginConfigError} A policy that does not exist, or options it does not take.
 * @throws {Error} Requests are left, and no endpoint that could take them is ever ready again.
 */
export function runSimulation(scenario: Scenario): SimulationResult {
  return new Simulation(scenario).run()
}
