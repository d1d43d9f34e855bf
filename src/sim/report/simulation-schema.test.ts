import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { decisionLineSchema } from '../../core/decision-log-format.ts'
import { planReportSchema } from './plan-schema.ts'
import { simulationReportSchema } from './simulation-schema.ts'

/** Every property name in a JSON Schema. */
function propertyNames(schema: unknown, names = new Set<string>()): Set<string> {
  if (Array.isArray(schema)) for (const part of schema) propertyNames(part, names)
  else if (typeof schema === 'object' && schema !== null) {
    for (const [key, value] of Object.entries(schema)) {
      if (key === 'properties' && typeof value === 'object' && value !== null) {
        for (const name of Object.keys(value)) names.add(name)
      }
      propertyNames(value, names)
    }
  }
  return names
}

test.each([
  ['simulation report', simulationReportSchema],
  ['plan', planReportSchema],
  ['decision log', decisionLineSchema],
])('the documentation names every field of a %s', async (_, schema) => {
  const page = await readFile(resolve('docs/simulate-json.md'), 'utf8')
  const names = [...propertyNames(z.toJSONSchema(schema))]
  expect(names.length).toBeGreaterThan(5)
  expect(names.filter((name) => !new RegExp(`\`${name}(?:\\[\\])?\``).test(page))).toEqual([])
})
