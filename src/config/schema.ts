import { z } from 'zod'
import type { PolicyPlugin } from '../core/plugin.ts'
import { endpointSchema } from './endpoint-schema.ts'
import { text } from './forms.ts'
import { healthSchema } from './health-schema.ts'
import { policySchema } from './policy-schema.ts'
import { poolSchema } from './pool-schema.ts'
import { admin, headers, limits, listen, log, prefix, timeouts, usage } from './sections.ts'

/** What the schema has to know from outside; whatever is not given is not checked. */
export interface Known {
  /** Policies that may be named. */
  readonly policies?: readonly PolicyPlugin[]
  /** Profiles that may be named. */
  readonly profiles?: readonly string[]
}

/** The configuration file: the only source of keys, defaults, documentation, JSON Schema and environment names. */
export function configSchema({ policies, profiles }: Known = {}) {
  const policy = policySchema(policies).meta({ title: 'policy' })
  return z.strictObject({
    listen: listen.describe('Where clients connect').prefault({}),
    admin: admin.describe('Where operators and Prometheus connect').prefault({}),
    policy: policy
      .describe('How endpoints are ranked: the name of a policy, or its type with options beside it')
      .prefault('marginal-cost'),
    endpoints: z.array(endpointSchema(profiles)).describe('Replicas that serve requests').prefault([]),
    pools: z.array(poolSchema(policy)).describe('What differs for single models').prefault([]),
    health: healthSchema.describe('How endpoints are watched').prefault({}),
    limits: limits.describe('What one request may take').prefault({}),
    timeouts: timeouts.describe('How long things may take').prefault({}),
    usage: usage.describe('What engines are asked to report').prefault({}),
    prefix: prefix.describe('The index of prompt prefixes').prefault({}),
    headers: headers.describe('Headers of answers and of forwarded requests').prefault({}),
    log: log.describe('The log').prefault({}),
    plugins: z
      .array(text('the path of a plugin file'))
      .describe('Plugin files of your own, relative to the configuration file')
      .prefault([]),
  })
}

export type ConfigInput = z.output<ReturnType<typeof configSchema>>
