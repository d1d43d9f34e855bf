import { keysAt, type JsonSchema } from './json-schema.ts'
import { configKeys } from './keys.ts'
import { type ConfigPath, showPath } from './problem.ts'
import { suggest } from './suggest.ts'

/** Words of other routers for keys of ours. */
const OTHER_WORDS: Readonly<Record<string, string>> = {
  backends: 'endpoints',
  workers: 'endpoints',
  servers: 'endpoints',
  replicas: 'endpoints',
  upstreams: 'endpoints',
  server: 'listen',
  metrics: 'admin',
  logging: 'log',
  router: 'policy',
  strategy: 'policy',
  scheduler: 'policy',
  timeout: 'timeouts',
  address: 'url',
  max_inflight: 'maxConcurrency',
  maxInflight: 'maxConcurrency',
  max_concurrent: 'maxConcurrency',
  kv_budget: 'kvTokens',
  cache_capacity_blocks: 'kvTokens',
}

/**
 * What was probably meant by an unknown key: a key of the same map that is written nearly alike or means the same, or
 * the same key elsewhere; else the keys there are.
 *
 * @param type The `type` beside the key, which says whose options these are.
 */
export function hintForKey(root: JsonSchema, path: ConfigPath, type: unknown): string | undefined {
  const key = String(path.at(-1))
  const siblings = keysAt(root, path.slice(0, -1), type)
  const other = OTHER_WORDS[key]
  const near = other !== undefined && siblings.includes(other) ? other : suggest(key, siblings)
  if (near !== undefined) return `did you mean ${near}?`
  const elsewhere = configKeys(root).filter(({ name }) => name.split('.').at(-1) === key)
  if (elsewhere.length > 0) return `it belongs into ${elsewhere.map(({ name }) => name).join(' or ')}`
  return siblings.length > 0
    ? `keys of ${showPath(path.slice(0, -1)) || 'the file'}: ${siblings.join(', ')}`
    : undefined
}

/** What was probably meant by a value that is none of the values there are. */
export function hintForValue(expected: string, found: unknown): string | undefined {
  if (typeof found === 'number' && expected.startsWith('expected text')) return `write it in quotes: "${found}"`
  const choices = /^expected one of (.+)$/.exec(expected)?.[1]?.split(', ')
  const near = typeof found === 'string' && choices !== undefined ? suggest(found, choices) : undefined
  return near === undefined ? undefined : `did you mean ${near}?`
}
