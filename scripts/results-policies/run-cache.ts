import { createHash } from 'node:crypto'
import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { z } from 'zod'
import { OURS } from './arms.ts'
import { figuresSchema } from './figures.ts'
import type { Figures } from './figures.ts'
import { cellName } from './run-spec.ts'
import type { RunSpec } from './run-spec.ts'
import { policyHash, sharedHash } from './source-hash.ts'

/** In a folder that git ignores. */
export const CACHE_FILE = '.cache/results-policies/runs.jsonl'

const line = z.object({ run: z.string(), policy: z.string(), shared: z.string(), figures: figuresSchema })

/** Runs that were made already, by what they depend on. */
export interface RunCache {
  find(spec: RunSpec): Figures | undefined
  add(spec: RunSpec, figures: Figures): void
}

/**
 * Reads the file of earlier runs. A run is found again when neither its cell nor the sources of its policy nor those that all
 * runs share have changed; with `keep`, the shared sources count for our own policy only.
 */
export function openRunCache(keep: boolean, file = CACHE_FILE): RunCache {
  const shared = sharedHash()
  const known = new Map<string, Figures>()
  const anyShared = new Map<string, Figures>()
  const policies = new Map<string, string>()
  const hashOf = (type: string) => {
    const found = policies.get(type) ?? policyHash(type)
    policies.set(type, found)
    return found
  }
  const remember = (run: string, policy: string, of: string, figures: Figures) => {
    known.set(`${run} ${policy} ${of}`, figures)
    anyShared.set(`${run} ${policy}`, figures)
  }
  for (const text of existsSync(file) ? readFileSync(file, 'utf8').split('\n') : []) {
    const read = text === '' ? undefined : parseLine(text)
    if (read !== undefined) remember(read.run, read.policy, read.shared, read.figures)
  }
  mkdirSync(dirname(file), { recursive: true })
  return {
    find(spec) {
      const { type } = spec.arm.policy
      const key = `${runKey(spec)} ${hashOf(type)}`
      const exact = known.get(`${key} ${shared}`)
      return exact ?? (keep && type !== OURS ? anyShared.get(key) : undefined)
    },
    add(spec, figures) {
      const entry = { run: runKey(spec), policy: hashOf(spec.arm.policy.type), shared, figures }
      remember(entry.run, entry.policy, shared, figures)
      appendFileSync(file, `${JSON.stringify(entry)}\n`)
    },
  }
}

/** A line that was cut off when a run was stopped is left out. */
function parseLine(text: string): z.infer<typeof line> | undefined {
  try {
    return line.parse(JSON.parse(text))
  } catch {
    return undefined
  }
}

/** Readable at the front, and different for everything that differs. */
function runKey({ cell, arm, seed }: RunSpec): string {
  const all = JSON.stringify([cell, arm.policy, seed])
  const hash = createHash('sha256').update(all).digest('hex').slice(0, 16)
  return `${cellName(cell)} | ${arm.policy.type} | ${seed} | ${hash}`
}
