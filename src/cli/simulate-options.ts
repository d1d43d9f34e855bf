import { availableParallelism } from 'node:os'
import { z } from 'zod'
import { parseSlo } from '../bench/parse-slo.ts'
import { DEFAULT_PROFILE, PROFILE_NAMES } from '../engine/profiles.ts'
import { InputError } from '../report/input-error.ts'
import { COUNT, POSITIVE, readChoice, readNumber } from '../report/option-values.ts'
import { parseArms } from '../sim/arms.ts'
import type { Arm } from '../sim/arms.ts'
import type { Fleet } from '../sim/matrix-fleet.ts'
import type { MatrixDimensions, MatrixSettings } from '../sim/matrix-settings.ts'
import { parseView } from '../sim/matrix-view.ts'
import type { SimulationOutputs } from '../sim/report/present-simulation.ts'
import { DEFAULT_SLOS } from '../stats/slo.ts'
import { readFleetFile } from './fleet-file.ts'
import { loadOptionsSchema, parseLoadOptions } from './load-options.ts'
import { readList, readNumbers, readTokens } from './option-lists.ts'

const text = z.string().optional()

const optionsSchema = z.object({
  ...loadOptionsSchema.shape,
  policies: z.array(z.string()).optional(),
  baseline: text,
  profile: text,
  replicas: text,
  kvTokens: text,
  hostTokens: text,
  speed: text,
  view: text,
  routers: text,
  fleet: text,
  seeds: text,
  slo: text,
  jobs: text,
  json: text,
  markdown: text,
  html: text,
})

type Options = z.infer<typeof optionsSchema>

/** Compared where no policies are named: the plainest first, then what most routers do, then the default. */
export const DEFAULT_POLICIES = 'round-robin,least-loaded,prefix-aware,lmetric,marginal-cost'

/** Everything that `kvasir simulate` was told. */
export interface SimulateRequest {
  readonly settings: MatrixSettings
  readonly jobs: number
  readonly outputs: SimulationOutputs
}

/**
 * Turns the options of the command line into what is to be run.
 * @param raw values by name as `commander` gives them
 * @param args the arguments as they were given, for reports
 * @throws InputError for the first option that cannot be used
 */
export function parseSimulateOptions(raw: unknown, args: readonly string[]): SimulateRequest {
  const options = optionsSchema.parse(raw)
  const arms = parseArms('--policies', options.policies ?? [DEFAULT_POLICIES])
  const fleet = readFleet(options)
  return {
    settings: {
      load: parseLoadOptions(options),
      arms,
      baseline: readBaseline(options.baseline, arms),
      dimensions: readDimensions(options),
      fleet,
      seeds: readSeeds(options.seeds),
      slos: options.slo === undefined ? DEFAULT_SLOS : readList('--slo', options.slo, parseSlo),
      command: withoutOutputs(args),
    },
    jobs: readJobs(options.jobs),
    outputs: { json: options.json, markdown: options.markdown, html: options.html },
  }
}

/** The seeds 1 to n. */
export function readSeeds(given: string | undefined): number[] {
  return Array.from({ length: readNumber('--seeds', given, COUNT) ?? 5 }, (_, index) => index + 1)
}

/** Worker threads: as many as there are cores, if not told otherwise. */
export function readJobs(given: string | undefined): number {
  return readNumber('--jobs', given, COUNT) ?? availableParallelism()
}

/** A name of a profile. @throws InputError */
export function readProfile(part: string): string {
  return readChoice('--profile', part, PROFILE_NAMES) ?? DEFAULT_PROFILE
}

function readDimensions(options: Options): MatrixDimensions {
  return {
    profiles: readList('--profile', options.profile ?? DEFAULT_PROFILE, readProfile),
    replicas: readNumbers('--replicas', options.replicas ?? '4', COUNT),
    kvTokens: options.kvTokens === undefined ? [] : readTokens('--kv-tokens', options.kvTokens, 1),
    hostTokens: readTokens('--host-tokens', options.hostTokens ?? '0', 0),
    speeds: readNumbers('--speed', options.speed ?? '1', POSITIVE),
    views: readList('--view', options.view ?? 'predicted', (part) => parseView('--view', part)),
    routers: readNumbers('--routers', options.routers ?? '1', COUNT),
  }
}

function readFleet({ fleet, replicas }: Options): Fleet | undefined {
  if (fleet === undefined) return undefined
  if (replicas !== undefined) throw new InputError('--fleet and --replicas: expected one of them, found both')
  return readFleetFile(fleet)
}

function readBaseline(given: string | undefined, arms: readonly Arm[]): string {
  const labels = arms.map(({ label }) => label)
  return readChoice('--baseline', given, labels) ?? labels[0] ?? ''
}

/** Arguments that only say where results go, or how fast, do not belong to what was run. */
const OUTPUT_FLAGS = new Set(['--json', '--markdown', '--html', '--jobs'])

/** The arguments that decide the outcome. */
export function withoutOutputs(args: readonly string[]): string[] {
  return args.filter((arg, index) => {
    const flag = arg.split('=')[0] ?? ''
    return !OUTPUT_FLAGS.has(flag) && !OUTPUT_FLAGS.has(args[index - 1] ?? '')
  })
}
