import { z } from 'zod'
import { DEFAULT_PROFILE, profileNamed } from '../engine/profiles.ts'
import { InputError } from '../report/input-error.ts'
import { COUNT, POSITIVE, readNumber } from '../report/option-values.ts'
import { parseArms } from '../sim/arms.ts'
import { parseView } from '../sim/matrix-view.ts'
import { parseTarget } from '../sim/plan-targets.ts'
import type { PlanSettings } from '../sim/plan.ts'
import { loadOptionsSchema, parseLoadOptions } from './load-options.ts'
import { readList, readTokens } from './option-lists.ts'
import { readJobs, readProfile, readSeeds, withoutOutputs } from './simulate-options.ts'

const text = z.string().optional()

const optionsSchema = z.object({
  ...loadOptionsSchema.shape,
  slo: text,
  policies: z.array(z.string()).optional(),
  maxReplicas: text,
  profile: text,
  kvTokens: text,
  hostTokens: text,
  speed: text,
  view: text,
  routers: text,
  seeds: text,
  jobs: text,
  json: text,
  markdown: text,
})

/** Everything that `kvasir plan` was told. */
export interface PlanRequest {
  readonly settings: PlanSettings
  readonly jobs: number
  readonly json: string | undefined
  readonly markdown: string | undefined
}

/**
 * Turns the options of the command line into what is to be planned.
 * @param raw values by name as `commander` gives them
 * @param args the arguments as they were given, for reports
 * @throws InputError for the first option that cannot be used
 */
export function parsePlanOptions(raw: unknown, args: readonly string[]): PlanRequest {
  const options = optionsSchema.parse(raw)
  if (options.slo === undefined) {
    throw new InputError('--slo: expected targets such as ttft-p95=2,tpot-p95=0.05 (seconds), found none')
  }
  const profile = readProfile(options.profile ?? DEFAULT_PROFILE)
  const tokens = (flag: string, given: string, min: number) => one(flag, readTokens(flag, given, min))
  return {
    settings: {
      load: parseLoadOptions(options),
      arms: parseArms('--policies', options.policies ?? ['marginal-cost']),
      cell: {
        profile,
        kvTokens:
          options.kvTokens === undefined ? profileNamed(profile).kvTokens : tokens('--kv-tokens', options.kvTokens, 1),
        hostTokens: tokens('--host-tokens', options.hostTokens ?? '0', 0),
        speed: readNumber('--speed', options.speed, POSITIVE) ?? 1,
        view: parseView('--view', options.view ?? 'predicted'),
        routers: readNumber('--routers', options.routers, COUNT) ?? 1,
      },
      targets: readList('--slo', options.slo, (part) => parseTarget('--slo', part)),
      maxReplicas: readNumber('--max-replicas', options.maxReplicas, COUNT) ?? 64,
      seeds: readSeeds(options.seeds ?? '3'),
      command: withoutOutputs(args),
    },
    jobs: readJobs(options.jobs),
    json: options.json,
    markdown: options.markdown,
  }
}

function one<T>(flag: string, values: readonly T[]): T {
  const [first, ...more] = values
  if (first === undefined || more.length > 0)
    throw new InputError(`${flag}: expected one value, found ${values.length}`)
  return first
}
