import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { DEFAULT_PROFILE, profileNamed } from '../src/engine/profiles.ts'
import { ttftLowerBound } from '../src/sim/bounds.ts'
import { runSimulation } from '../src/sim/run-simulation.ts'
import type { SimulationResult } from '../src/sim/simulation-result.ts'
import { mooncakeFormat, parseBlockTrace } from '../src/workload/block-trace.ts'
import { createRandom } from '../src/workload/random.ts'
import { jitterStarts, scaleTimes } from '../src/workload/reshape.ts'
import type { Workload } from '../src/workload/workload.ts'
import { plainEndpoints } from './plain-endpoints.ts'

const TRACE = fileURLToPath(new URL('../../shared/traces/mooncake/conversation_trace.jsonl', import.meta.url))
const ENDPOINTS = 8
const MANY = 256
const RUNS = 4
const MOST_SECONDS = 1
const LEAST_PER_SECOND = 5000

/** Seconds of the fastest of several runs, in wall time, and in processor time of all threads. */
interface Fastest {
  readonly wall: number
  readonly processor: number
}

/** Prints how long the conversation trace takes to simulate, on few endpoints and on many. */
export function benchSimulator(print: (line: string) => void): boolean {
  print('Simulation of the conversation trace (12,031 requests), exact view, marginal-cost, loading left out')
  if (!existsSync(TRACE)) {
    print(`  not measured: ${TRACE} is missing`)
    return true
  }
  const trace = jitterStarts(parseBlockTrace(readFileSync(TRACE, 'utf8'), TRACE, mooncakeFormat), 3, createRandom(1))
  const requests = trace.sessions.length
  const few = measure(trace, ENDPOINTS)
  const many = measure(scaleTimes(trace, MANY / ENDPOINTS, 1), MANY)
  const rate = requests / many.wall
  print(
    `  ${ENDPOINTS} endpoints: ${few.wall.toFixed(2)} s (target <= ${MOST_SECONDS}), ${few.processor.toFixed(2)} s of processor time`,
  )
  print(
    `  ${MANY} endpoints, ${MANY / ENDPOINTS} times as fast: ${many.wall.toFixed(2)} s, ${rate.toFixed(0)} requests/s (target >= ${LEAST_PER_SECOND}), ${many.processor.toFixed(2)} s of processor time`,
  )
  return few.wall <= MOST_SECONDS && rate >= LEAST_PER_SECOND
}

function measure(workload: Workload, count: number): Fastest {
  const profile = profileNamed(DEFAULT_PROFILE)
  const endpoints = plainEndpoints(profile, count)
  const scenario = {
    workload,
    endpoints,
    policy: { type: 'marginal-cost' },
    view: { kind: 'exact' as const },
    routers: 1,
    seed: 1,
    warmUp: 0.1,
  }
  const first = runSimulation(scenario)
  check(first, ttftLowerBound({ workload, profile, endpoints: count, warmUp: 0.1 }).mean)
  const expected = JSON.stringify(first)
  let fastest: Fastest = { wall: Infinity, processor: Infinity }
  for (let run = 0; run < RUNS; run++) {
    const start = performance.now()
    const before = process.cpuUsage()
    const result = runSimulation(scenario)
    const wall = (performance.now() - start) / 1000
    const { user, system } = process.cpuUsage(before)
    if (wall < fastest.wall) fastest = { wall, processor: (user + system) / 1e6 }
    if (JSON.stringify(result) !== expected) throw new Error('two runs of one scenario gave different results')
  }
  return fastest
}

/** A benchmark of wrong answers is worth nothing. */
function check({ requests }: SimulationResult, bound: number): void {
  const mean = requests.reduce((sum, { ttft }) => sum + ttft, 0) / requests.length
  if (!(mean >= bound)) throw new Error(`a mean TTFT of ${mean} s is below the lower bound of ${bound} s`)
  const cached = requests.reduce((sum, { cachedTokens }) => sum + cachedTokens, 0)
  if (cached === 0) throw new Error('not one token was found in a cache')
}

if (import.meta.main) process.exitCode = benchSimulator(console.log) ? 0 : 1
