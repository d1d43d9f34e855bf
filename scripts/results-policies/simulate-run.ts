import { scaledRates } from '../../src/core/rates.ts'
import type { EngineProfile } from '../../src/engine/profile.ts'
import { profileNamed } from '../../src/engine/profiles.ts'
import { runSimulation } from '../../src/sim/run-simulation.ts'
import type { SimulatedEndpoint } from '../../src/sim/scenario.ts'
import { countRequests } from '../../src/workload/workload.ts'
import type { Workload } from '../../src/workload/workload.ts'
import { caseWorkload, concurrencyOf } from './case-workload.ts'
import { figuresOf } from './figures.ts'
import type { Figures } from './figures.ts'
import { VIEWS } from './run-spec.ts'
import type { Cell, RunSpec } from './run-spec.ts'

const ENGINE = 'qwen3-32b-tp2-h100'
const OLDER_ENGINE = 'qwen3-32b-tp2-a100'
/** How wrong a wrong belief is. */
const WRONG = 4

let last: { readonly key: string; readonly workload: Promise<Workload> } | undefined

/** Runs one simulation. The workload of the last run is kept: runs over the same one are best asked for in a row. */
export async function simulateRun({ cell, arm, seed }: RunSpec): Promise<Figures> {
  const workload = await workloadOf(cell, seed)
  const total = countRequests(workload)
  const before = process.threadCpuUsage()
  const result = runSimulation({
    workload,
    concurrency: concurrencyOf(cell.load, cell.replicas),
    endpoints: endpointsOf(cell),
    policy: arm.policy,
    view: VIEWS[cell.view],
    routers: 1,
    seed,
    warmUp: 'share' in cell.warmUp ? cell.warmUp.share : Math.min(0.9, cell.warmUp.requests / total),
  })
  const { user, system } = process.threadCpuUsage(before)
  return figuresOf(result, (user + system) / 1e6)
}

function workloadOf({ load, replicas }: Cell, seed: number): Promise<Workload> {
  const key = JSON.stringify([load, replicas, seed])
  if (last?.key !== key) last = { key, workload: caseWorkload(load, replicas, seed) }
  return last.workload
}

function endpointsOf({ replicas, kvTokens, fleet }: Cell): SimulatedEndpoint[] {
  const engine: EngineProfile = { ...profileNamed(ENGINE), kvTokens }
  const older: EngineProfile = { ...profileNamed(OLDER_ENGINE), kvTokens }
  return Array.from({ length: replicas }, (_, i) => ({
    id: `e${i + 1}`,
    profile: fleet === 'two-kinds-untold' && i >= replicas / 2 ? older : engine,
    believed: believedOf(engine, fleet),
    hostTokens: 0,
    joinsAt: 0,
    leavesAt: Infinity,
    outages: [],
  }))
}

function believedOf(engine: EngineProfile, fleet: Cell['fleet']): EngineProfile {
  if (fleet === 'believed-slow') return scaled(engine, WRONG)
  return fleet === 'believed-fast' ? scaled(engine, 1 / WRONG) : engine
}

/** An engine all of whose steps take `factor` times as long. */
function scaled(profile: EngineProfile, factor: number): EngineProfile {
  return { ...profile, rates: scaledRates(profile.rates, factor) }
}
