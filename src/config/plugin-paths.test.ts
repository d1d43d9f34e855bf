import { expect, test } from 'vitest'
import { pluginPaths } from './plugin-paths.ts'

const paths = (text: string) => pluginPaths({ file: '/etc/kvasir.yaml', text, env: {}, flags: {} })

test('plugin files are found whatever else is wrong', () => {
  expect(paths('plugins: [./a.ts, 7, ../b.ts]\npolicy: of-a-plugin\nlisten: 4')).toEqual(['/etc/a.ts', '/b.ts'])
  expect(paths('plugins: a.ts')).toEqual([])
  expect(paths('plugins: [')).toEqual([])
})
