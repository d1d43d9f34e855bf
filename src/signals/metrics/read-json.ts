import { z } from 'zod'
import type { EngineReading } from './engine-reading.ts'
import type { RouteReading } from './engine-table.ts'

const EXCERPT = 80

/** A reader of JSON answers of this form; `map` gets the checked answer, and returns undefined when nothing has changed. */
export function jsonReader<Schema extends z.ZodType>(
  schema: Schema,
  map: (answer: z.output<Schema>) => Partial<EngineReading> | undefined,
): (text: string) => RouteReading {
  return (text) => {
    const checked = schema.safeParse(parsed(text))
    if (checked.success) {
      const reading = map(checked.data)
      return reading === undefined ? { unchanged: true } : { reading }
    }
    const issue = checked.error.issues[0]
    const at = issue === undefined || issue.path.length === 0 ? '' : `${issue.path.map(String).join('.')}: `
    const line = text.slice(0, EXCERPT).replaceAll(/\s+/g, ' ').trim()
    return {
      problem: 'not-metrics',
      found: `${line === '' ? 'an empty body' : line} (${at}${issue?.message ?? 'invalid'})`,
    }
  }
}

/** A count of anything: values that cannot be one are unknown, they do not spoil the rest of the answer. */
export const count = z.number().nonnegative().optional().catch(undefined)

/** A name or a version; anything else is unknown. */
export const word = z.string().min(1).optional().catch(undefined)

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
