/** Keys and list positions that lead to a value. */
export type ConfigPath = readonly (string | number)[]

/** A place in the configuration file; lines and columns count from 1. */
export interface FileOrigin {
  readonly kind: 'file'
  readonly file: string
  readonly line: number
  readonly column: number
  /** The line itself. */
  readonly excerpt: string
  /** Characters to underline. */
  readonly length: number
}

/** Where a value came from. */
export type Origin =
  | FileOrigin
  | { readonly kind: 'environment'; readonly variable: string }
  | { readonly kind: 'flag'; readonly flag: string }
  | { readonly kind: 'none' }

/** Something that is wrong with the configuration. */
export interface ConfigProblem {
  /** Key it is about, e.g. `endpoints[0].url`; empty for the file as a whole. */
  readonly path: string
  /** What was expected and what was found. */
  readonly message: string
  /** What to do about it. */
  readonly hint?: string
  readonly origin: Origin
}

/** `['endpoints', 0, 'url']` as `endpoints[0].url`. */
export function showPath(path: ConfigPath): string {
  return path.map((part, i) => (typeof part === 'number' ? `[${part}]` : i === 0 ? part : `.${part}`)).join('')
}

/** A value as a message shows it: short, on one line, without passwords. */
export function showValue(value: unknown): string {
  if (value === null) return 'nothing'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object') return 'a map'
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  if (typeof value !== 'string') return typeof value
  const text = value.replace(/\/\/[^/@]*@/, '//***@')
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 57)}...` : text)
}
