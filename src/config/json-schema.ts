import { z } from 'zod'
import type { ConfigPath } from './problem.ts'
import { configSchema, type Known } from './schema.ts'

/** A JSON Schema, as zod writes it. */
export type JsonSchema = z.core.JSONSchema.BaseSchema

/** JSON Schema (draft 2020-12) of the configuration file, with descriptions and defaults, for editors. */
export function configJsonSchema(known: Known = {}): JsonSchema {
  const { $schema, ...schema } = z.toJSONSchema(configSchema(known), { io: 'input', unrepresentable: 'any' })
  return { ...($schema === undefined ? {} : { $schema }), title: 'Kvasir configuration', ...schema }
}

/** The schema and all alternatives inside it. */
export function alternatives(schema: JsonSchema): JsonSchema[] {
  const inner = [...(schema.anyOf ?? []), ...(schema.oneOf ?? [])].filter((part) => typeof part === 'object')
  return [schema, ...inner.flatMap(alternatives)]
}

/** The schemas that a value at `path` may follow; none when there is no such key. */
export function schemasAt(root: JsonSchema, path: ConfigPath): JsonSchema[] {
  let schemas = alternatives(root)
  for (const segment of path) schemas = schemas.flatMap((schema) => stepInto(schema, segment)).flatMap(alternatives)
  return schemas
}

function stepInto(schema: JsonSchema, segment: string | number): JsonSchema[] {
  const items = schema.items
  if (typeof segment === 'number') return typeof items === 'object' && !Array.isArray(items) ? [items] : []
  const { properties = {}, additionalProperties } = schema
  const property = Object.hasOwn(properties, segment) ? properties[segment] : additionalProperties
  return typeof property === 'object' ? [property] : []
}

/** Keys that a map at `path` may have. `type` picks among alternatives that are told apart by their `type`. */
export function keysAt(root: JsonSchema, path: ConfigPath, type?: unknown): string[] {
  const fits = ({ properties = {} }: JsonSchema) => {
    const own = properties['type']
    return typeof own !== 'object' || own.const === undefined || own.const === type
  }
  return [
    ...new Set(
      schemasAt(root, path)
        .filter(fits)
        .flatMap((schema) => Object.keys(schema.properties ?? {})),
    ),
  ]
}

/** True when the schema says nothing about the type of a value. */
export function isUntyped({ type, anyOf, oneOf }: JsonSchema): boolean {
  return type === undefined && anyOf === undefined && oneOf === undefined
}

/** True when one of the schemas names this JSON type. */
export function admits(schemas: readonly JsonSchema[], type: 'number' | 'boolean' | 'array' | 'object'): boolean {
  return schemas.some((schema) => {
    const types: readonly (string | undefined)[] = Array.isArray(schema.type) ? schema.type : [schema.type]
    return types.includes(type) || (type === 'number' && types.includes('integer'))
  })
}
