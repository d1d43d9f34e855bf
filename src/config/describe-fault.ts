import { type Fault, valueAt } from './faults.ts'
import { showValue } from './problem.ts'

/** What was expected and what was found instead, as one sentence without the path. */
export function describeFault({ path, kind, expected }: Fault, tree: unknown): string {
  if (kind === 'unknown-key') return 'there is no such key'
  const found = valueAt(tree, path)
  if (kind === 'value' && found === undefined) return `missing: ${expected}`
  return `${expected}, found ${showValue(kind === 'key' ? path.at(-1) : found)}`
}
