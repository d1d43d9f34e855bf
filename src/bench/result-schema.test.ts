import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { benchResultSchema } from './result-schema.ts'

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

test('the documentation names every field', async () => {
  const page = await readFile(resolve('docs/bench-json.md'), 'utf8')
  const missing = [...propertyNames(z.toJSONSchema(benchResultSchema))].filter((name) => !page.includes(`\`${name}\``))
  expect(missing).toEqual([])
})

test('another version and columns of unequal length are refused', () => {
  const version = benchResultSchema.safeParse({ format: 'kvasir-bench', version: 2 })
  expect(version.error?.issues.find((issue) => issue.path[0] === 'version')?.message).toContain('expected 1')
  const { runs } = benchResultSchema.shape
  const columns = Object.fromEntries(
    ['session', 'sent', 'lag', 'status', 'error', 'ttft', 'tpot', 'e2e', 'promptTokens'].map((name) => [name, []]),
  )
  const rest = { cachedTokens: [], outputTokens: [], endpoint: [], reason: [], warmup: [] }
  const run = (id: string[]) => [
    { seed: 1, seconds: 1, interrupted: false, clientCpuSeconds: 0, requests: { ...columns, ...rest, id } },
  ]
  expect(runs.safeParse(run([])).success).toBe(true)
  expect(runs.safeParse(run(['r0'])).error?.issues[0]?.message).toBe('expected columns of equal length')
})
