import { expect, test } from 'vitest'
import { configFile } from './config-file.ts'

test.each<[{ config?: string }, Record<string, string>, string[], string | undefined]>([
  [{ config: 'a' }, { KVASIR_CONFIG: 'b' }, ['kvasir.yaml'], 'a'],
  [{}, { KVASIR_CONFIG: 'b' }, ['kvasir.yaml'], 'b'],
  [{}, { KVASIR_CONFIG: '' }, ['kvasir.yml', 'kvasir.yaml'], 'kvasir.yaml'],
  [{}, {}, ['kvasir.yml'], 'kvasir.yml'],
  [{}, {}, [], undefined],
])('%j, %j and %j: %s', (flags, env, files, expected) => {
  expect(configFile(flags, env, (path) => files.includes(path))).toBe(expected)
})
