import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'

const PROGRAM = `
  import { configCommand } from ${JSON.stringify(join(import.meta.dirname, 'config.ts'))}
  await configCommand().parseAsync(process.argv.slice(1), { from: 'user' })
`

/** Runs `kvasir config ...` in an empty folder with the given files. */
function config(
  args: readonly string[],
  files: Readonly<Record<string, string>> = {},
  env: Readonly<Record<string, string>> = {},
) {
  const cwd = mkdtempSync(join(tmpdir(), 'kvasir-config-'))
  onTestFinished(() => rmSync(cwd, { recursive: true }))
  for (const [name, text] of Object.entries(files)) writeFileSync(join(cwd, name), text)
  const { PATH, NODE_COMPILE_CACHE } = process.env
  const options = { cwd, env: { PATH, NODE_COMPILE_CACHE, ...env }, encoding: 'utf8' } as const
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['--input-type=module', '-e', PROGRAM, '--', ...args],
    options,
  )
  return { status, stdout, stderr }
}

const PLUGIN = `export default ({ definePolicy, z }) => definePolicy({
  type: 'mine', summary: 'Mine', options: z.strictObject({ knob: z.number().default(1) }),
  reads: [], reasons: ['mine'], unit: 'rank', create: () => ({ rank() {} }),
})`

describe('kvasir config check', () => {
  test('counts what a usable configuration holds', () => {
    const file = 'endpoints: [http://a:1, http://b:1]\npools: [{ model: m }]\n'
    expect(config(['check'], { 'kvasir.yaml': file })).toEqual({
      status: 0,
      stdout: 'config ok: 2 endpoints, 1 pool\n',
      stderr: '',
    })
  })

  test('lists all problems and exits with 2', () => {
    const { status, stdout, stderr } = config(['check', 'my.yaml', '--port', 'x'], {
      'my.yaml': 'endpoint: []\npolicy: least-loded\n',
    })
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
    expect(stderr).toContain(
      'my.yaml:1:1: endpoint: there is no such key\n  1 | endpoint: []\n    | ^^^^^^^^\n  did you mean endpoints?\n',
    )
    expect(stderr).toContain('did you mean least-loaded?\n')
    expect(stderr).toContain('--port: listen.port: expected a port from 0 to 65535, found "x"\n')
  })

  test('knows the policies of plugin files beside the configuration', () => {
    const file = 'endpoints: [http://a:1]\nplugins: [./mine.ts]\npolicy: { type: mine, knob: 3 }\n'
    expect(config(['check'], { 'kvasir.yaml': file, 'mine.ts': PLUGIN }).stdout).toBe(
      'config ok: 1 endpoint, 0 pools\n',
    )
    const { status, stderr } = config(['check'], { 'kvasir.yaml': file })
    expect(status).toBe(2)
    expect(stderr).toMatch(/plugins: plugin .*mine\.ts: cannot be loaded: /)
  })
})

test('kvasir config print shows everything but secrets', () => {
  const env = {
    KVASIR_ENDPOINTS: '[{ url: http://a:1, headers: { authorization: "Bearer ${TOKEN}" } }]',
    TOKEN: 'hunter2',
  }
  const { status, stdout } = config(['print', '--policy', 'prefix-aware'], {}, env)
  expect(status).toBe(0)
  expect(stdout).toContain('type: prefix-aware\n')
  expect(stdout).toContain('authorization: "***"\n')
  expect(stdout).not.toContain('hunter2')
})

test('kvasir config schema prints a JSON Schema', () => {
  const { stdout } = config(['schema'])
  expect(JSON.parse(stdout)).toMatchObject({
    title: 'Kvasir configuration',
    type: 'object',
    additionalProperties: false,
  })
})
