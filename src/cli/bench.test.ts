import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readResult } from '../bench/read-result.ts'
import { quickAnswer, startScriptedEngine, token } from '../bench/testing/scripted-engine.ts'

const command = pathToFileURL(resolve('src/cli/bench.ts')).href
const program = `
  const { Command } = await import('commander')
  const { benchCommand } = await import('${command}')
  await new Command('kvasir').addCommand(benchCommand()).parseAsync(['node', 'kvasir', 'bench', ...process.argv.slice(1)])
`
let folder = ''

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kvasir-bench-'))
})
afterAll(() => rm(folder, { recursive: true }))

/** Runs the command in a process of its own; the signal sends it Ctrl-C. */
async function bench(args: readonly string[], interrupt?: AbortSignal) {
  const child = spawn(process.execPath, ['--input-type=module', '-e', program, '--', ...args], { cwd: resolve('.') })
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  interrupt?.addEventListener('abort', () => child.kill('SIGINT'))
  const code = await new Promise<number | null>((done) => child.on('close', done))
  return { code, stdout, stderr }
}

const small = ['--sessions', '2', '--turns', '2', '--start-jitter-ms', '0', '--turn-gap-ms', '0']

test('prints the tables, writes JSON and Markdown, and compares result files', async () => {
  await using engine = await startScriptedEngine(() => quickAnswer('hello'))
  const [json, markdown, table] = [join(folder, 'a.json'), join(folder, 'a.md'), join(folder, 'table.md')]
  const run = await bench([
    engine.url,
    ...small,
    '--api-key',
    'hidden',
    '--label',
    'first',
    '--json',
    json,
    '--markdown',
    markdown,
  ])
  expect(run).toMatchObject({ code: 0, stderr: '' })
  expect(run.stdout).toMatch(/TTFT \(ms\)/)
  expect(run.stdout).toMatch(/answered +4/)
  expect(run.stdout).not.toContain('\u001b')
  const result = await readResult(json)
  expect(result.label).toBe('first')
  expect(result.command.slice(0, 3)).toEqual([engine.url, '--sessions', '2'])
  expect(await readFile(json, 'utf8')).not.toContain('hidden')
  expect(await readFile(markdown, 'utf8')).toContain('# Load test: first')

  const report = await bench(['report', json, json, '--markdown', table])
  expect(report.code).toBe(0)
  expect(report.stdout).toContain('no difference')
  expect(await readFile(table, 'utf8')).toContain('# Comparison of load tests')
})

test('JSON on standard output leaves the tables to standard error', async () => {
  await using engine = await startScriptedEngine(() => quickAnswer('hello'))
  const run = await bench([engine.url, ...small, '--json', '-'])
  expect(JSON.parse(run.stdout)).toMatchObject({ format: 'kvasir-bench', version: 1 })
  expect(run.stderr).toContain('TTFT')
})

test('a run in which nothing was answered fails', async () => {
  await using engine = await startScriptedEngine(() => ({ status: 500, steps: [] }))
  const run = await bench([engine.url, ...small])
  expect(run.code).toBe(1)
  expect(run.stdout).toMatch(/http-500 +4/)
})

test('Ctrl-C ends the run and shows what was measured', async () => {
  await using engine = await startScriptedEngine((_, index) =>
    index < 3 ? quickAnswer('a') : { steps: [{ afterMs: 30_000, write: token('late') }] },
  )
  const interrupt = new AbortController()
  const running = bench([engine.url, ...small, '--turns', '5', '--json', join(folder, 'cut.json')], interrupt.signal)
  while (engine.seen.length < 5) await new Promise((done) => setTimeout(done, 20))
  interrupt.abort()
  const run = await running
  expect(run.code).toBe(130)
  expect(run.stdout).toContain('ended early')
  expect((await readResult(join(folder, 'cut.json'))).summary.requests.ok).toBe(3)
})

test.each([
  [
    'nobody there',
    ['http://127.0.0.1:9', '--model', 'm'],
    'expected a gateway or engine at http://127.0.0.1:9, found none',
  ],
  ['no address', ['here'], 'expected an http or https address'],
  [
    'an unknown workload',
    ['http://h', '--workload', 'soap'],
    '--workload: expected one of chat, tools, rag, single, groups, hot, bursts, agents, branches; found soap',
  ],
  ['an unknown option', ['http://h', '--nope'], "unknown option '--nope'"],
  ['no argument', [], "missing required argument 'url'"],
  [
    'a result that is none',
    ['report', resolve('package.json')],
    'package.json: expected a result of kvasir bench --json, version 1; format',
  ],
])('ends with code 2 for %s', async (_, args, message) => {
  const run = await bench(args)
  expect(run.stderr).toContain(message)
  expect(run).toMatchObject({ code: 2, stdout: '' })
})

test('ends with code 2 for a malformed trace, naming file and line', async () => {
  const path = join(folder, 'bad.jsonl')
  await writeFile(path, '{"timestamp":0,"input_length":5,"output_length":1,"hash_ids":[1]}\n{"timestamp":1}\n')
  const run = await bench(['http://127.0.0.1:9', '--trace', path])
  expect(run.code).toBe(2)
  expect(run.stderr).toContain(`${path}:2: expected one JSON object a line with timestamp, input_length`)
})
