import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { z } from 'zod'
import { describeFault } from '../config/describe-fault.ts'
import { faultsOf } from '../config/faults.ts'
import { formatProblems } from '../config/format-problems.ts'
import { text, whole } from '../config/forms.ts'
import { showPath } from '../config/problem.ts'
import { DURATION, parseQuantity, TOKENS, type QuantityKind } from '../config/quantity.ts'
import { readYaml } from '../config/yaml-source.ts'
import { PROFILE_NAMES } from '../engine/profiles.ts'
import { InputError } from '../report/input-error.ts'
import type { Fleet } from '../sim/matrix-fleet.ts'

function quantity(kind: QuantityKind, min: number) {
  const error = `expected ${kind.expected}${min > 0 ? `, at least ${min}` : ''}`
  return z.union([z.number(), z.string()], { error }).transform((written, context) => {
    const value = parseQuantity(kind, written)
    if (value === undefined || value < min) context.addIssue(error)
    return value ?? 0
  })
}

const seconds = () => quantity(DURATION, 0)

const engine = {
  profile: z.enum(PROFILE_NAMES).optional(),
  kvTokens: quantity(TOKENS, 1).optional(),
  slow: z
    .number({ error: 'expected a factor such as 1.5' })
    .positive({ error: 'expected a factor above 0' })
    .optional(),
}

const outage = z
  .strictObject({ from: seconds(), to: seconds() })
  .refine(({ from, to }) => from < to, { error: 'expected from to lie before to' })

const entry = z
  .strictObject({
    id: text().optional(),
    count: whole(1, 4096).default(1),
    ...engine,
    hostTokens: quantity(TOKENS, 0).optional(),
    hostLoadShare: z.number({ error: 'expected a share such as 0.25' }).nonnegative().optional(),
    believed: z.strictObject(engine).optional(),
    joinsAt: seconds().default(0),
    leavesAt: seconds().default(Number.POSITIVE_INFINITY),
    outages: z.array(outage).default([]),
  })
  .refine(({ joinsAt, leavesAt }) => joinsAt < leavesAt, { error: 'expected joinsAt to lie before leavesAt' })

const fleetSchema = z.strictObject({ endpoints: z.array(entry).min(1) })

/**
 * Reads a fleet file (YAML): `endpoints`, each with what it is and when it is there.
 * @throws InputError with line and column of everything that is wrong
 */
export function readFleetFile(path: string): Fleet {
  const source = readYaml(path, readText(path))
  const checked = fleetSchema.safeParse(source.tree)
  const faults = faultsOf(checked.error?.issues ?? [], source.tree).map((fault) => ({
    path: showPath(fault.path),
    message: describeFault(fault, source.tree),
    origin: source.locate(fault.path, fault.kind === 'value' ? 'value' : 'key'),
  }))
  const problems = source.problems.length > 0 ? source.problems : faults
  if (!checked.success || problems.length > 0) throw new InputError(`--fleet: ${formatProblems(problems)}`)
  const fleet = { name: basename(path), endpoints: checked.data.endpoints }
  checkNames(path, fleet)
  return fleet
}

function checkNames(path: string, { endpoints }: Fleet): void {
  const ids = endpoints.flatMap(({ id }) => id ?? [])
  const twice = ids.find((id, index) => ids.indexOf(id) < index)
  if (twice !== undefined) throw new InputError(`--fleet: ${path}: expected different ids, found ${twice} twice`)
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new InputError(`--fleet: cannot read ${path}: ${error instanceof Error ? error.message : String(error)}`)
  }
}
