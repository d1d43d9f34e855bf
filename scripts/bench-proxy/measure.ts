import { setTimeout as pause } from 'node:timers/promises'
import type { Pool } from 'undici'
import type { BenchCase } from './cases.ts'
import { type Load, runLoad } from './load.ts'
import { cpuSeconds } from './process-figures.ts'

/** A relay under test. */
export interface Arm {
  readonly name: string
  readonly pid: number
  readonly pool: Pool
}

/** What one round of a relay came to. */
export interface Round {
  /** Work done per second of the relay's CPU time. */
  readonly workPerSecond: number
  /** Pieces in which the body of an answer came in, on average. */
  readonly chunksPerAnswer: number
}

/** The rounds of both relays, those of the same number measured next to each other. */
export interface Figures {
  readonly kvasir: readonly Round[]
  readonly bare: readonly Round[]
}

/** Milliseconds before each reading of the CPU time, for what is still being done: log lines, garbage. */
const SETTLE = 100

/** Warms both relays up and measures them in turn, `rounds` times; who goes first changes from round to round. */
export async function measure(bench: BenchCase, load: Load, kvasir: Arm, bare: Arm, rounds: number): Promise<Figures> {
  for (let run = 0; run < bench.warmUps; run++) for (const arm of [bare, kvasir]) await runLoad(arm.pool, load)
  const figures: { kvasir: Round[]; bare: Round[] } = { kvasir: [], bare: [] }
  for (let round = 0; round < rounds; round++) {
    const order = round % 2 === 0 ? ([kvasir, bare] as const) : ([bare, kvasir] as const)
    for (const arm of order) figures[arm === kvasir ? 'kvasir' : 'bare'].push(await measureRound(bench, load, arm))
  }
  return figures
}

async function measureRound(bench: BenchCase, load: Load, { name, pid, pool }: Arm): Promise<Round> {
  await pause(SETTLE)
  const before = cpuSeconds(pid)
  const { answers, chunks } = await runLoad(pool, load)
  await pause(SETTLE)
  const used = cpuSeconds(pid) - before
  if (used <= 0) throw new Error(`${name}: expected to see CPU time of process ${pid}, found none`)
  // Chunks count as they come in: a relay that lags behind and moves several events as one has done less work.
  const work = bench.unit === 'chunks' ? chunks : answers
  return { workPerSecond: work / used, chunksPerAnswer: chunks / answers }
}
