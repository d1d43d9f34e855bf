import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { PROFILE_NAMES } from '../engine/profiles.ts'
import { POLICIES } from '../plugins/index.ts'
import { valueAt } from './faults.ts'
import { formatProblems } from './format-problems.ts'
import { configJsonSchema } from './json-schema.ts'
import { type ConfigKey, configKeys } from './keys.ts'
import { loadConfig } from './load-config.ts'
import { readYaml } from './yaml-source.ts'

const EXAMPLES = join(import.meta.dirname, '..', '..', 'examples')
const EVERY_OPTION = join(EXAMPLES, 'every-option.yaml')

function load(file: string) {
  return loadConfig({ file, env: {}, flags: {}, knownPolicies: POLICIES, profiles: PROFILE_NAMES })
}

test.each(globSync('*.yaml', { cwd: EXAMPLES }))('examples/%s loads', (name) => {
  const result = load(join(EXAMPLES, name))
  expect(result.ok ? '' : formatProblems(result.problems)).toBe('')
})

describe('examples/every-option.yaml', () => {
  const { tree } = readYaml(EVERY_OPTION, readFileSync(EVERY_OPTION, 'utf8'))
  const keys = configKeys(configJsonSchema())
  const written = ({ name }: ConfigKey) => {
    // The second endpoint and the first pool are those with every key.
    const path = name
      .split(/\.|(?=\[\])/)
      .map((part) => (part === '[]' ? (name.startsWith('endpoints') ? 1 : 0) : part))
    return valueAt(tree, path)
  }

  test('mentions every key', () => {
    expect(keys.filter((key) => written(key) === undefined).map(({ name }) => name)).toEqual([])
  })

  test('shows the defaults where there are any', () => {
    const differing = keys.filter(
      (key) => key.path !== undefined && !key.name.startsWith('endpoints') && key.name !== 'pools',
    )
    const shown = differing.filter((key) => key.default !== undefined).map((key) => [key.name, written(key)])
    expect(shown).toEqual(differing.filter((key) => key.default !== undefined).map((key) => [key.name, key.default]))
  })
})
