import { execFileSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { expect, it } from 'vitest'

const ROOT = resolve(import.meta.dirname, '..')
const BIN = join(ROOT, 'node_modules/.bin')

function run(program: string, args: readonly string[], cwd: string): string {
  return execFileSync(program, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
}

/** The package as npm would publish it, unpacked, with its dependencies beside it. */
function unpackedPackage(folder: string): string {
  // A copy of its own, so that no build output is left in the checkout.
  const source = join(folder, 'source')
  for (const name of [
    'src',
    'package.json',
    'tsconfig.json',
    'tsconfig.build.json',
    'README.md',
    'LICENSE',
    'runtime',
  ]) {
    cpSync(join(ROOT, name), join(source, name), { recursive: true })
  }
  symlinkSync(join(ROOT, 'node_modules'), join(source, 'node_modules'))
  run(join(BIN, 'tsc'), ['-p', 'tsconfig.build.json'], source)
  const [packed] = JSON.parse(run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], source))
  run('tar', ['-xzf', join(folder, packed.filename), '-C', folder], folder)
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
  return join(folder, 'package')
}

it('publishes compiled JavaScript and types, passes publint, and brings no Node', { timeout: 90_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'kvasir-package-'))
  try {
    const unpacked = unpackedPackage(folder)
    const manifest = JSON.parse(readFileSync(join(unpacked, 'package.json'), 'utf8'))
    expect(
      Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies }).filter((name) =>
        /^node(-|$)/.test(name),
      ),
    ).toEqual([])
    const files = run('find', ['.', '-type', 'f'], unpacked).split('\n')
    expect(files.filter((file) => file.endsWith('.ts') && !file.endsWith('.d.ts'))).toEqual([])
    expect(files.filter((file) => /\.test\.|\/testing\//.test(file))).toEqual([])
    expect(run(join(BIN, 'publint'), ['run', unpacked, '--strict'], folder)).toContain('All good!')
    expect(run(process.execPath, ['dist/cli/main.js', '--version'], unpacked).trim()).toBe(manifest.version)
    const probe = "import { defineScorer } from 'kvasir/plugin'; console.log(typeof defineScorer)"
    expect(run(process.execPath, ['--input-type=module', '-e', probe], unpacked).trim()).toBe('function')
  } catch (error) {
    if (error instanceof Error && 'stderr' in error && String(error.stderr) !== '')
      throw new Error(String(error.stderr), { cause: error })
    throw error
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
