import {
  type Document,
  isAlias,
  isCollection,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
  visit,
} from 'yaml'
import type { ConfigPath, ConfigProblem, FileOrigin } from './problem.ts'

/** A configuration file that was read. */
export interface YamlSource {
  /** The values as plain data; `{}` where the file holds none. */
  readonly tree: unknown
  /** Syntax errors. When there are any, the tree is not to be trusted. */
  readonly problems: readonly ConfigProblem[]
  /** Where the value (or its key) at `path` stands; where it is missing, the nearest thing around it. */
  locate(path: ConfigPath, part: 'key' | 'value'): FileOrigin
}

/** Characters of the text. */
type Range = [from: number, to: number]

/** Reads YAML 1.2 (or JSON) and keeps the position of every key and value. */
export function readYaml(file: string, text: string): YamlSource {
  const lineCounter = new LineCounter()
  const document = parseDocument(text, { lineCounter, prettyErrors: false, merge: true })
  const lines = text.split('\n').map((line) => line.replace(/\r$/, ''))
  const origin = (from: number, to: number) => originOf(file, lines, lineCounter, from, to)
  const problems: ConfigProblem[] = [...document.errors, ...document.warnings].map(({ code, message, pos }) => ({
    path: '',
    message:
      code === 'DUPLICATE_KEY' ? 'expected each key once in a map, found it twice' : `not valid YAML: ${message}`,
    origin: origin(...pos),
  }))
  const { tree, fault } = toTree(document)
  if (fault !== undefined && problems.length === 0) {
    problems.push({ path: '', message: fault, origin: origin(...(unresolvedAlias(document) ?? [0, 0])) })
  }
  return { tree, problems, locate: (path, part) => origin(...rangeOf(document, path, part)) }
}

function toTree(document: Document): { tree: unknown; fault?: string } {
  try {
    const tree: unknown = document.toJS()
    return { tree: tree ?? {} }
  } catch (error) {
    return { tree: {}, fault: `not valid YAML: ${error instanceof Error ? error.message : String(error)}` }
  }
}

function unresolvedAlias(document: Document): Range | undefined {
  let found: Range | undefined
  visit(document, {
    Alias(_, alias) {
      if (alias.resolve(document) !== undefined) return undefined
      found = range(alias)
      return visit.BREAK
    },
  })
  return found
}

function originOf(file: string, lines: readonly string[], counter: LineCounter, from: number, to: number): FileOrigin {
  const { line, col } = counter.linePos(from)
  const excerpt = lines[line - 1] ?? ''
  const length = Math.max(1, Math.min(to - from, excerpt.length - col + 1))
  return { kind: 'file', file, line, column: col, excerpt, length }
}

interface Step {
  readonly key: Range | undefined
  readonly value: unknown
}

/** Characters of the deepest part of `path` that exists. */
function rangeOf(document: Document, path: ConfigPath, part: 'key' | 'value'): Range {
  let key: Range | undefined
  let value: unknown = document.contents
  for (const segment of path) {
    const step = stepInto(resolve(document, value), segment)
    if (step === undefined) return key ?? range(value) ?? [0, 0]
    key = step.key
    value = step.value
  }
  const own = range(value)
  const empty = own === undefined || own[0] === own[1]
  return (part === 'key' || empty ? key : undefined) ?? own ?? [0, 0]
}

function stepInto(value: unknown, segment: string | number): Step | undefined {
  if (isSeq(value)) {
    const item = typeof segment === 'number' ? value.items[segment] : undefined
    return item === undefined ? undefined : { key: undefined, value: item }
  }
  if (!isMap(value)) return undefined
  const pair = value.items.find(({ key }) => isScalar(key) && String(key.value) === String(segment))
  return pair === undefined ? undefined : { key: range(pair.key), value: pair.value }
}

function resolve(document: Document, value: unknown): unknown {
  return isAlias(value) ? value.resolve(document) : value
}

function range(value: unknown): Range | undefined {
  const node: Node | undefined = isCollection(value) || isScalar(value) || isAlias(value) ? value : undefined
  const [from, to] = node?.range ?? []
  return from === undefined || to === undefined ? undefined : [from, to]
}
