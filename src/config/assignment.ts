import { parseDocument } from 'yaml'
import { admits, isUntyped, type JsonSchema, keysAt, schemasAt } from './json-schema.ts'
import { type ConfigPath, type ConfigProblem, type Origin, showPath } from './problem.ts'
import { suggest } from './suggest.ts'

/** A value from the environment or the command line, before the schema has seen it. */
export interface Assignment {
  readonly path: ConfigPath
  readonly value: unknown
  readonly origin: Origin
}

/** An assignment, or why there is none. */
export type Assigned = { readonly assignment: Assignment } | { readonly problem: ConfigProblem }

/**
 * Reads text as a value for the key at `path`: lists are separated by commas, numbers and `true`/`false` are recognised
 * where the key takes them, and text that begins with `[` or `{` is YAML where the key takes a list or a map.
 */
export function assign(root: JsonSchema, path: ConfigPath, text: string, origin: Origin): Assigned {
  const schemas = schemasAt(root, path)
  const untyped = schemas.every(isUntyped)
  const structured = untyped || admits(schemas, 'array') || admits(schemas, 'object')
  if (structured && /^\s*[[{]/.test(text)) return assignYaml(path, text, origin)
  if (admits(schemas, 'array')) return { assignment: { path, value: splitList(text), origin } }
  const number = /^-?\d+(\.\d+)?$/.test(text) && (untyped || admits(schemas, 'number'))
  const boolean = /^(true|false)$/.test(text) && (untyped || admits(schemas, 'boolean'))
  const value = number ? Number(text) : boolean ? text === 'true' : text
  return { assignment: { path, value, origin } }
}

/** The path written as `endpoints[0].url` or `endpoints.0.url`, or a problem when the schema has no such key. */
export function parsePath(root: JsonSchema, written: string, origin: Origin): ConfigPath | ConfigProblem {
  const path: (string | number)[] = []
  for (const part of written.split(/[.[\]]+/).filter((word) => word !== '')) {
    const segment = /^\d+$/.test(part) ? Number(part) : part
    const known = part !== '__proto__' && schemasAt(root, [...path, segment]).length > 0
    if (!known) return unknownKey(root, path, part, origin)
    path.push(segment)
  }
  return path.length > 0 ? path : { path: '', message: 'expected the path of a key, such as listen.port', origin }
}

function unknownKey(root: JsonSchema, parent: ConfigPath, part: string, origin: Origin): ConfigProblem {
  const near = suggest(part, keysAt(root, parent))
  return {
    path: showPath([...parent, part]),
    message: 'there is no such key',
    ...(near === undefined ? {} : { hint: `did you mean ${showPath([...parent, near])}?` }),
    origin,
  }
}

function assignYaml(path: ConfigPath, text: string, origin: Origin): Assigned {
  const document = parseDocument(text, { prettyErrors: false })
  const [error] = document.errors
  if (error === undefined) return { assignment: { path, value: document.toJS(), origin } }
  return { problem: { path: showPath(path), message: `not valid YAML: ${error.message}`, origin } }
}

function splitList(text: string): string[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
}
