import { cpus } from 'node:os'
import type { BenchResult } from './result-schema.ts'

/** The machine that generates the load: nothing in it changes from day to day. */
export function describeEnvironment(): BenchResult['environment'] {
  const found = cpus()
  return { cpu: found[0]?.model.trim() ?? 'unknown', cores: found.length, node: process.version }
}
