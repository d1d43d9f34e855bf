import { stringify } from 'yaml'
import type { Config } from './config.ts'
import { configJsonSchema, type JsonSchema, keysAt, schemasAt } from './json-schema.ts'
import type { ConfigSources } from './load-config.ts'
import type { ConfigPath, Origin } from './problem.ts'
import { DURATION, formatQuantity, type QuantityKind, SIZE, TOKENS } from './quantity.ts'

const QUANTITIES: Readonly<Record<string, QuantityKind>> = { duration: DURATION, size: SIZE, tokens: TOKENS }

const SECRET_NAME = /auth|cookie|credential|key|password|secret|session|signature|token/i
const SECRET_VALUE = /^(basic|bearer|digest|token)\s/i

/** The complete configuration as a file that could be loaded again, with secrets in headers replaced by `***`. */
export function printConfig(config: Config, sources: ConfigSources): string {
  const written = encode(config, [], configJsonSchema())
  const notes = [`from ${sources.file ?? 'defaults'}`, ...[...sources.assigned].map(showSource)]
  return notes.map((note) => `# ${note}\n`).join('') + stringify(written, { lineWidth: 0 })
}

function showSource([path, origin]: [string, Origin]): string {
  const by = origin.kind === 'environment' ? origin.variable : origin.kind === 'flag' ? origin.flag : origin.kind
  return `${path} from ${by.replace(/=.*/s, '')}`
}

function encode(value: unknown, path: ConfigPath, root: JsonSchema): unknown {
  if (typeof value === 'number') return encodeNumber(value, schemasAt(root, path))
  if (Array.isArray(value)) return value.map((item, i) => encode(item, [...path, i], root))
  if (typeof value !== 'object' || value === null) return value
  if (path.length === 3 && path[0] === 'endpoints' && path[2] === 'headers') return maskHeaders(value)
  const order = keysAt(root, path)
  const entries: [string, unknown][] = Object.entries(value)
  entries.sort(([a], [b]) => rank(order, a) - rank(order, b))
  return Object.fromEntries(entries.map(([key, inner]) => [key, encode(inner, [...path, key], root)]))
}

/** Keys in the order of the schema, others after them. */
function rank(order: readonly string[], key: string): number {
  return order.includes(key) ? order.indexOf(key) : order.length
}

function encodeNumber(value: number, schemas: readonly JsonSchema[]): number | string {
  if (value === Number.POSITIVE_INFINITY) return 'none'
  const kind = schemas.map(({ title = '' }) => QUANTITIES[title]).find((quantity) => quantity !== undefined)
  return kind === undefined ? value : formatQuantity(kind, value)
}

function maskHeaders(headers: object): Record<string, unknown> {
  const entries: [string, unknown][] = Object.entries(headers)
  return Object.fromEntries(entries.map(([name, value]) => [name, isSecret(name, value) ? '***' : value]))
}

function isSecret(name: string, value: unknown): boolean {
  return SECRET_NAME.test(name) || (typeof value === 'string' && SECRET_VALUE.test(value))
}
