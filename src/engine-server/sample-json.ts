import { z } from 'zod'
import { mixBits } from '../engine/mix-bits.ts'
import { wordAt } from './words.ts'

/** As much of JSON Schema as tool definitions usually use. */
const schemaSchema = z.object({
  type: z.union([z.string(), z.array(z.string())]).optional(),
  const: z.json().optional(),
  enum: z.array(z.json()).min(1).optional(),
  anyOf: z.array(z.unknown()).min(1).optional(),
  oneOf: z.array(z.unknown()).min(1).optional(),
  properties: z.record(z.string(), z.unknown()).optional(),
  items: z.unknown().optional(),
  minItems: z.number().optional(),
  minimum: z.number().optional(),
  maximum: z.number().optional(),
})

type Schema = z.infer<typeof schemaSchema>
type Json = z.infer<ReturnType<typeof z.json>>

const DEEPEST = 8

/**
 * A value that fits a JSON Schema of the common kind (types, properties, items, enum, const, anyOf, limits of numbers);
 * the same for the same seed. What it does not understand becomes a word.
 */
export function sampleJson(schema: unknown, seed: number, depth = 0): Json {
  const parsed = schemaSchema.safeParse(schema)
  if (!parsed.success || depth > DEEPEST) return wordAt(seed, 0).trim()
  const { const: constant, enum: choices, anyOf, oneOf } = parsed.data
  if (constant !== undefined) return constant
  if (choices !== undefined) return choices[mixBits(seed) % choices.length] ?? null
  const alternative = (anyOf ?? oneOf)?.[0]
  if (alternative !== undefined) return sampleJson(alternative, seed, depth + 1)
  return sampleOfType(parsed.data, seed, depth)
}

function sampleOfType(schema: Schema, seed: number, depth: number): Json {
  switch (typeOf(schema)) {
    case 'object':
      return Object.fromEntries(
        Object.entries(schema.properties ?? {}).map(([name, property], index) => [
          name,
          sampleJson(property, mixBits(seed + index + 1), depth + 1),
        ]),
      )
    case 'array':
      return Array.from({ length: Math.max(1, schema.minItems ?? 1) }, (_, index) =>
        sampleJson(schema.items, mixBits(seed + index + 1), depth + 1),
      )
    case 'integer':
    case 'number':
      return sampleNumber(schema, seed)
    case 'boolean':
      return mixBits(seed) % 2 === 0
    case 'null':
      return null
    default:
      return `${wordAt(seed, 0)}${wordAt(seed, 1)}`.trim()
  }
}

function typeOf({ type, properties, items }: Schema): string {
  const named = Array.isArray(type) ? type[0] : type
  if (named !== undefined) return named
  if (properties !== undefined) return 'object'
  return items === undefined ? 'string' : 'array'
}

function sampleNumber({ minimum, maximum }: Schema, seed: number): number {
  const low = Math.ceil(minimum ?? Math.min(0, maximum ?? 0))
  const high = Math.floor(maximum ?? low + 100)
  return low > high ? (minimum ?? high) : low + (mixBits(seed) % (high - low + 1))
}

/** JSON without spaces in which every character is ASCII. */
export function asciiJson(value: Json): string {
  return JSON.stringify(value).replaceAll(/[\u0080-\uffff]/g, (char) => {
    return `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`
  })
}
