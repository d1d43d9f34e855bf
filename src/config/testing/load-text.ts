import { definePolicy, type PolicyPlugin, z } from '../../core/plugin.ts'
import { formatProblems } from '../format-problems.ts'
import { type ConfigResult, loadConfig } from '../load-config.ts'
import type { ConfigRequest } from '../read-layers.ts'

function policy(type: string, options: z.ZodType<object>): PolicyPlugin {
  const create = () => ({ rank() {} })
  return definePolicy({ type, summary: `the ${type} policy`, options, reads: [], reasons: ['x'], unit: 'rank', create })
}

/** Policies with no option, with a default, with a required option, and with a transformed option. */
export const TEST_POLICIES: readonly PolicyPlugin[] = [
  policy('marginal-cost', z.strictObject({})),
  policy('prefix-aware', z.strictObject({ saturation: z.int().positive().default(8).describe('Requests in flight') })),
  policy('weighted', z.strictObject({ scorers: z.array(z.strictObject({ type: z.string(), weight: z.number() })) })),
  policy(
    'odd',
    z.strictObject({
      twice: z
        .number()
        .transform((value) => 2 * value)
        .default(1),
    }),
  ),
]

/** A smallest configuration that is complete. */
export const ONE_ENDPOINT = 'endpoints: [http://a:1]\n'

/** Loads a configuration from text, as the file `kvasir.yaml`. */
export function loadText(text: string, more: Partial<ConfigRequest> = {}): ConfigResult {
  const base = { file: 'kvasir.yaml', env: {}, flags: {}, knownPolicies: TEST_POLICIES, profiles: ['h100', 'a100'] }
  return loadConfig({ ...base, text, ...more })
}

/** The configuration, or an error with all problems. */
export function loaded(text: string, more: Partial<ConfigRequest> = {}) {
  const result = loadText(text, more)
  if (!result.ok) throw new Error(formatProblems(result.problems))
  return result
}

/** Problems as `line:column path: message (hint)`, with the variable or the flag in the place of the line. */
export function problemsOf(text: string, more: Partial<ConfigRequest> = {}): string[] {
  const result = loadText(text, more)
  if (result.ok) return []
  return result.problems.map(({ path, message, hint, origin }) => {
    const place =
      origin.kind === 'file'
        ? `${origin.line}:${origin.column}`
        : origin.kind === 'environment'
          ? origin.variable
          : origin.kind === 'flag'
            ? origin.flag
            : '-'
    return `${place} ${path}: ${message}${hint === undefined ? '' : ` (${hint})`}`
  })
}
