import type { z } from 'zod'
import type { ConfigPath } from './problem.ts'

/** One thing that a schema does not accept. */
export interface Fault {
  readonly path: ConfigPath
  /** Whether the value is wrong, the key is wrong, or there is no such key. */
  readonly kind: 'value' | 'key' | 'unknown-key'
  /** What was expected, as a sentence without its end; empty for an unknown key. */
  readonly expected: string
}

type Issue = z.core.$ZodIssue

const TYPES: Readonly<Record<string, string>> = {
  array: 'a list',
  boolean: 'true or false',
  int: 'a whole number',
  number: 'a number',
  object: 'a map',
  record: 'a map',
  string: 'text',
}

/** The issues of a schema as faults: alternatives are narrowed to the one that was meant, one fault for every key. */
export function faultsOf(issues: readonly Issue[], input: unknown): Fault[] {
  return issues.flatMap((issue) => faultsOfIssue(issue, input))
}

/** The value at `path` inside `tree`, or undefined. */
export function valueAt(tree: unknown, path: ConfigPath): unknown {
  let value = tree
  for (const segment of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, segment)) return undefined
    value = Reflect.get(value, segment)
  }
  return value
}

function faultsOfIssue(issue: Issue, input: unknown): Fault[] {
  const path = issue.path.map((part) => (typeof part === 'symbol' ? String(part) : part))
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ path: [...path, key], kind: 'unknown-key', expected: '' }))
  }
  if (issue.code === 'invalid_key') {
    const [inner] = issue.issues
    return [{ path, kind: 'key', expected: inner === undefined ? issue.message : expectation(inner) }]
  }
  if (issue.code !== 'invalid_union') return [{ path, kind: 'value', expected: expectation(issue) }]
  const found = valueAt(input, path)
  const meant = issue.errors.find((branch) => !branch.some((inner) => isOfOtherKind(inner, found)))
  if (meant === undefined) return [{ path, kind: 'value', expected: expectation(issue) }]
  return faultsOf(meant, found).map((fault) => ({ ...fault, path: [...path, ...fault.path] }))
}

/** True when this alternative of a union takes another kind of value altogether. */
function isOfOtherKind(issue: Issue, found: unknown): boolean {
  if (issue.path.length > 0) return false
  if (issue.code === 'invalid_value') return issue.values.every((value) => typeof value !== typeof found)
  return issue.code === 'invalid_type'
}

function expectation(issue: Issue): string {
  if (issue.message.startsWith('expected ') || issue.code === 'custom') return issue.message
  if (issue.code === 'invalid_type') return `expected ${TYPES[issue.expected] ?? issue.expected}`
  if (issue.code === 'invalid_value') {
    return `expected ${issue.values.length === 1 ? '' : 'one of '}${issue.values.map(String).join(', ')}`
  }
  if (issue.code === 'too_small') {
    return `expected ${bound(issue.origin, issue.inclusive === false ? 'more than' : 'at least', issue.minimum)}`
  }
  if (issue.code === 'too_big') {
    return `expected ${bound(issue.origin, issue.inclusive === false ? 'less than' : 'at most', issue.maximum)}`
  }
  if (issue.code === 'invalid_format') return `expected text of the form ${issue.pattern ?? issue.format}`
  return issue.code === 'invalid_union' ? unionExpectation(issue) : issue.message
}

function unionExpectation({ errors, message }: z.core.$ZodIssueInvalidUnion): string {
  const heads = errors
    .flatMap((branch) => branch.slice(0, 1))
    .map((inner) => expectation(inner).replace(/^expected /, ''))
  return heads.length === 0 ? message : `expected ${[...new Set(heads)].join(', or ')}`
}

function bound(origin: string, relation: string, limit: number | bigint): string {
  const counted = { string: ['character', 'characters'], array: ['entry', 'entries'] }[origin]
  if (counted === undefined) return `a number of ${relation} ${limit}`
  return `${relation} ${limit} ${counted[Number(limit) === 1 ? 0 : 1]}`
}
