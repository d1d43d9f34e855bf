/**
 * Compares Kvasir with a relay on the same parts that reads nothing: CPU time per request and per streamed chunk. Checks
 * first that both answer byte for byte what the upstream answers. Exits with 1 when a target is missed.
 */
import { mkdirSync } from 'node:fs'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { type BenchCase, CASES } from './bench-proxy/cases.ts'
import { checkAnswers } from './bench-proxy/check-answers.ts'
import { connect } from './bench-proxy/load.ts'
import { type Arm, measure } from './bench-proxy/measure.ts'
import { canReadProcesses, peakMemory } from './bench-proxy/process-figures.ts'
import { type Part, startBareRelay, startKvasir, startUpstream } from './bench-proxy/processes.ts'
import { type CaseResult, describeBundling, describeResults, describeRun, isMet } from './bench-proxy/report.ts'

const USAGE = `Usage: node scripts/bench-proxy.ts [options]

  --only <case>     ${CASES.map(({ name }) => name).join(', ')}; may be repeated
  --rounds <count>  rounds of each relay in each case (5)
  --profile <dir>   write CPU profiles of both relays there; the figures then include the cost of profiling
  --no-fail         exit with 0 even when a target is missed`

interface Options {
  readonly cases: readonly BenchCase[]
  readonly rounds: number
  readonly profile: string | undefined
  readonly mayFail: boolean
}

function readOptions(args: string[]): Options {
  const { values } = parseArgs({
    args,
    options: {
      only: { type: 'string', multiple: true },
      rounds: { type: 'string', default: '5' },
      profile: { type: 'string' },
      'no-fail': { type: 'boolean', default: false },
    },
  })
  const names = CASES.map(({ name }) => name)
  const unknown = values.only?.find((name) => !names.includes(name))
  if (unknown !== undefined) throw new Error(`--only: expected one of ${names.join(', ')}, found '${unknown}'`)
  const rounds = Number(values.rounds)
  if (!Number.isInteger(rounds) || rounds < 1) {
    throw new Error(`--rounds: expected a whole number of at least 1, found '${values.rounds}'`)
  }
  const profile = values.profile === undefined ? undefined : resolve(values.profile)
  if (profile !== undefined) mkdirSync(profile, { recursive: true })
  const cases = CASES.filter(({ name }) => values.only?.includes(name) ?? true)
  return { cases, rounds, profile, mayFail: values['no-fail'] }
}

async function runCases(options: Options, upstream: Part, kvasir: Part, bare: Part): Promise<CaseResult[]> {
  const arms = { kvasir: armOf('kvasir', kvasir), bare: armOf('bare', bare) }
  const results: CaseResult[] = []
  for (const bench of options.cases) {
    const load = bench.load()
    await checkAnswers(load, upstream.url, [kvasir.url, bare.url])
    console.error(`${bench.name}: answers equal; ${options.rounds} rounds`)
    results.push({ bench, figures: await measure(bench, load, arms.kvasir, arms.bare, options.rounds) })
  }
  await Promise.all([arms.kvasir.pool.close(), arms.bare.pool.close()])
  return results
}

function armOf(name: string, { url, pid }: Part): Arm {
  return { name, pid, pool: connect(url) }
}

async function main(args: string[]): Promise<number> {
  const options = readOptions(args)
  if (!canReadProcesses()) throw new Error('expected /proc with the CPU time of processes (Linux), found none here')
  console.log(describeRun(args))
  const parts: Part[] = []
  try {
    const upstream = await startUpstream()
    parts.unshift(upstream)
    const bare = await startBareRelay(upstream.url, options.profile)
    parts.unshift(bare)
    const kvasir = await startKvasir(upstream.url, options.profile)
    parts.unshift(kvasir)
    const results = await runCases(options, upstream, kvasir, bare)
    console.log(describeResults(results))
    for (const result of results) if (result.bench.unit === 'chunks') console.log(describeBundling(result))
    const [most, least] = [peakMemory(kvasir.pid), peakMemory(bare.pid)].map((size) => size.toFixed(0))
    console.log(`Peak memory: kvasir ${most} MiB, bare ${least} MiB`)
    return results.every(isMet) || options.mayFail ? 0 : 1
  } finally {
    for (const part of parts) await part.stop()
  }
}

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  console.error(`bench:proxy: ${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`)
  process.exitCode = 2
}
