import { describe, expect, test } from 'vitest'
import { configJsonSchema, keysAt, schemasAt } from './json-schema.ts'
import { TEST_POLICIES } from './testing/load-text.ts'

const root = configJsonSchema({ policies: TEST_POLICIES, profiles: ['h100'] })

describe('configJsonSchema', () => {
  test('carries descriptions, defaults and the names there are', () => {
    const [port] = schemasAt(root, ['listen', 'port'])
    expect(port).toMatchObject({ type: 'integer', minimum: 0, maximum: 65_535, default: 8080 })
    expect(port?.description).toContain('Port of the gateway')
    expect(schemasAt(root, ['endpoints', 0, 'profile'])).toMatchObject([{ enum: ['h100'] }])
  })

  test('describes the options of each policy', () => {
    expect(schemasAt(root, ['policy', 'saturation'])).toMatchObject([
      { type: 'integer', default: 8, description: 'Requests in flight' },
    ])
    expect(schemasAt(root, ['pools', 0, 'policy', 'scorers', 0, 'weight'])).toMatchObject([{ type: 'number' }])
  })
})

test('keysAt tells policies apart by their type', () => {
  expect(keysAt(root, ['policy'], 'weighted')).toEqual(['type', 'scorers'])
  expect(keysAt(root, ['limits'])).toEqual(['body', 'headers', 'attempts'])
  expect(keysAt(root, ['nothing'])).toEqual([])
})
