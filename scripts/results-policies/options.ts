import { parseArgs } from 'node:util'
import { parseArms } from '../../src/sim/arms.ts'
import type { Arm } from '../../src/sim/arms.ts'
import { ARMS, OURS } from './arms.ts'
import type { Selection } from './core-cells.ts'

/** What the command line asks for. */
export interface Options {
  readonly selection: Selection
  readonly arms: readonly Arm[]
  readonly seeds: number
  readonly keep: boolean
  /** Whether everything is run and the page is written. */
  readonly page: boolean
}

const SEEDS = 5
const COMMA_OUTSIDE_OPTIONS = /,(?![^{]*\})/

/** Reads the flags; without `--cases`, `--replicas`, `--kv`, `--views` and `--policies` the page is written. */
export function parseOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      cases: { type: 'string' },
      replicas: { type: 'string' },
      kv: { type: 'string' },
      views: { type: 'string' },
      policies: { type: 'string' },
      seeds: { type: 'string' },
      keep: { type: 'boolean', default: false },
    },
  })
  const { cases, replicas, kv, views, policies } = values
  const seeds = values.seeds === undefined ? SEEDS : Number(values.seeds)
  if (!Number.isInteger(seeds) || seeds < 1)
    throw new Error(`--seeds: expected a whole number above 0, found ${values.seeds}`)
  return {
    selection: {
      cases: listOf(cases),
      replicas: listOf(replicas)?.map(Number),
      kvTokens: listOf(kv)?.map(tokens),
      views: listOf(views),
    },
    arms: policies === undefined ? ARMS : chosenArms(policies),
    seeds,
    keep: values.keep,
    page: [cases, replicas, kv, views, policies].every((value) => value === undefined),
  }
}

/** Labels of known arms stay as they are; anything else is read as `kvasir simulate` reads policies. Ours is always there. */
function chosenArms(text: string): Arm[] {
  const known = new Map(ARMS.map((arm) => [arm.label, arm]))
  const parts = text.split(COMMA_OUTSIDE_OPTIONS)
  const arms = parts.flatMap((part) => known.get(part) ?? parseArms('--policies', [part]))
  const ours = ARMS.filter(({ label }) => label === OURS && !arms.some((arm) => arm.label === OURS))
  return [...ours, ...arms]
}

function listOf(text: string | undefined): string[] | undefined {
  return text?.split(',')
}

/** Tokens such as 300k or 1M. */
function tokens(text: string): number {
  const match = /^([\d.]+)([kM]?)$/.exec(text)
  if (match === null) throw new Error(`--kv: expected tokens such as 300k or 1M, found ${text}`)
  return Number(match[1]) * (match[2] === 'M' ? 1e6 : match[2] === 'k' ? 1e3 : 1)
}
