import { alternatives, type JsonSchema } from './json-schema.ts'

/** One key of the configuration file. */
export interface ConfigKey {
  /** Where it stands, e.g. `listen.port` or `endpoints[].url`. */
  readonly name: string
  /** Keys that lead to it; undefined inside lists. */
  readonly path: readonly string[] | undefined
  readonly type: string
  readonly description: string
  /** Default as it would be written in the file; undefined when there is none. */
  readonly default: unknown
  readonly required: boolean
  /** True for a map of further keys, which follow it. */
  readonly section: boolean
  /** Environment variable that sets it; undefined for sections and inside lists. */
  readonly variable: string | undefined
}

/** All keys in the order of the schema, a section before its keys. */
export function configKeys(root: JsonSchema): ConfigKey[] {
  return keysOf(root, '', [])
}

/** `['limits', 'maxBody']` as `KVASIR_LIMITS_MAX_BODY`. */
function variableName(path: readonly string[]): string {
  const words = path.map((part) => part.replace(/[A-Z]/g, (capital) => `_${capital}`).toUpperCase())
  return ['KVASIR', ...words].join('_')
}

function keysOf(schema: JsonSchema, prefix: string, path: readonly string[] | undefined): ConfigKey[] {
  return Object.entries(schema.properties ?? {}).flatMap(([key, value]) => {
    if (typeof value !== 'object') return []
    const name = `${prefix}${key}`
    const here = path === undefined ? undefined : [...path, key]
    const section = value.properties !== undefined
    const variable = section || here === undefined ? undefined : variableName(here)
    const described: ConfigKey = {
      name,
      path: here,
      type: typeOf(value),
      description: value.description ?? '',
      default: section ? undefined : value.default,
      required: schema.required?.includes(key) ?? false,
      section,
      variable,
    }
    const inner = section ? keysOf(value, `${name}.`, here) : keysOf(itemOf(value), `${name}[].`, undefined)
    return [described, ...inner]
  })
}

/** The map that a list holds, or an empty schema. */
function itemOf({ items }: JsonSchema): JsonSchema {
  if (typeof items !== 'object' || Array.isArray(items)) return {}
  return alternatives(items).find((schema) => schema.properties !== undefined) ?? {}
}

function typeOf(schema: JsonSchema): string {
  if (schema.title !== undefined) return schema.title
  if (schema.enum !== undefined) return schema.enum.join(', ')
  const { items } = schema
  if (typeof items === 'object' && !Array.isArray(items)) {
    const item = [...new Set(alternatives(items).map(typeOf))].filter((type) => type !== 'value')
    return `list of ${item.join(' or ')}`
  }
  if (schema.properties !== undefined) return 'map'
  return typeof schema.type === 'string' ? schema.type : 'value'
}
