import { z } from 'zod'
import type { PartConfig, PolicyPlugin } from '../core/plugin.ts'
import { type Fault, faultsOf } from './faults.ts'

type PolicySchema = z.ZodType<PartConfig, string | PartConfig>

/** The JSON Schema of a policy with options is nothing but the list of its variants. */
const UNDESCRIBED = { type: undefined, properties: undefined, required: undefined, additionalProperties: undefined }

/**
 * A policy by name, or `{ type, ...options }`, checked against the options of the plugin of that type. The value holds
 * the type and all options, defaults included.
 *
 * @param policies The policies there are; any type and options when not given.
 */
export function policySchema(policies?: readonly PolicyPlugin[]): PolicySchema {
  if (policies === undefined) {
    const name = z
      .string()
      .min(1)
      .transform((type): PartConfig => ({ type }))
    return z.union([name, z.looseObject({ type: z.string().min(1) })])
  }
  const byType = new Map(policies.map((policy) => [policy.type, policy]))
  const type = z.enum([...byType.keys()])
  const name = type.transform((chosen, context) => complete(byType.get(chosen), { type: chosen }, context))
  const full = z
    .looseObject({ type })
    .meta({ ...UNDESCRIBED, anyOf: policies.map(variantJsonSchema) })
    .transform((given, context) => complete(byType.get(given.type), given, context))
  return z.union([name, full])
}

/** Fills in the defaults of the options; what is wrong with them becomes an issue of the context. */
function complete(policy: PolicyPlugin | undefined, given: PartConfig, context: z.RefinementCtx): PartConfig {
  const { type, ...options } = given
  const checked = policy?.options.safeParse(options)
  if (policy === undefined || checked === undefined) return given
  for (const fault of faultsOf(checked.error?.issues ?? [], options)) pass(fault, options, context)
  // Creating the policy parses the options again: keep them as given where that would change the completed ones.
  const again = policy.options.safeParse(checked.data)
  const stable = again.success && JSON.stringify(again.data) === JSON.stringify(checked.data)
  return stable && isRecord(checked.data) ? { type, ...checked.data } : given
}

function pass({ path, kind, expected }: Fault, input: object, context: z.RefinementCtx): void {
  const unknown = kind === 'unknown-key' ? path.at(-1) : undefined
  if (unknown === undefined) context.issues.push({ code: 'custom', path: [...path], message: expected, input })
  else
    context.issues.push({
      code: 'unrecognized_keys',
      path: path.slice(0, -1),
      keys: [String(unknown)],
      input: { ...input },
    })
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

/** What an editor may know about `{ type, ...options }` of one policy. */
function variantJsonSchema({ type, summary, options }: PolicyPlugin) {
  const { $schema: _, ...described } = z.toJSONSchema(options, { io: 'input', unrepresentable: 'any' })
  const head = { type: 'object', description: summary }
  if (described.$defs !== undefined) return { ...head, properties: { type: { const: type } }, required: ['type'] }
  const properties = { type: { const: type }, ...described.properties }
  return { ...described, ...head, properties, required: ['type', ...(described.required ?? [])] }
}
