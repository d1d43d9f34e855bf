import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { planReportSchema } from '../sim/report/plan-schema.ts'
import { simulationReportSchema } from '../sim/report/simulation-schema.ts'
import { runKvasir } from './testing/run-kvasir.ts'

const small = ['--workload', 'chat', '--sessions', '4', '--turns', '3', '--seeds', '2', '--replicas', '2']
let folder = ''

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kvasir-simulate-'))
})
afterAll(() => rm(folder, { recursive: true }))

test('simulate prints tables and writes JSON, Markdown and HTML', async () => {
  const [json, markdown, html] = ['r.json', 'r.md', 'r.html'].map((name) => join(folder, name))
  if (json === undefined || markdown === undefined || html === undefined) throw new Error('expected three files')
  const policies = ['--policies', 'round-robin,mine=hit-bonus{penalty:5}']
  const outputs = ['--json', json, `--markdown=${markdown}`, '--html', html, '--jobs', '2']
  const run = await runKvasir(['simulate', ...small, ...policies, ...outputs])
  expect(run).toMatchObject({ code: 0, stderr: '' })
  expect(run.stdout).toMatch(/^mine +\d/m)
  const report = simulationReportSchema.parse(JSON.parse(await readFile(json, 'utf8')))
  expect(report.command).toEqual([...small, ...policies])
  expect(report.arms[1]).toEqual({ label: 'mine', policy: { type: 'hit-bonus', penalty: 5 } })
  expect(await readFile(markdown, 'utf8')).toContain('# Simulation')
  expect(await readFile(html, 'utf8')).toMatch(/^<!doctype html>/)
})

test('JSON on standard output leaves the tables to standard error', async () => {
  const run = await runKvasir(['simulate', ...small, '--policies', 'random', '--json', '-', '--view', 'exact,polled:1'])
  expect(simulationReportSchema.parse(JSON.parse(run.stdout)).cells).toHaveLength(2)
  expect(run.stderr).toContain('TTFT mean (s)')
})

test('simulate runs a fleet file', async () => {
  const path = join(folder, 'fleet.yaml')
  await writeFile(path, 'endpoints:\n  - {id: a, count: 2}\n  - {id: b, slow: 2, joinsAt: 1s, kvTokens: 100k}\n')
  const run = await runKvasir([
    'simulate',
    '--workload',
    'chat',
    '--fleet',
    path,
    '--seeds',
    '1',
    '--policies',
    'random',
  ])
  expect(run).toMatchObject({ code: 0 })
  expect(run.stdout).toMatch(/3 endpoints[^]*endpoints from fleet.yaml/)
})

test('plan says how many endpoints are needed', async () => {
  const load = ['--workload', 'single', '--sessions', '30', '--turns', '1', '--prompt-len', '40000']
  const args = [
    'plan',
    ...load,
    '--slo',
    'ttft-p95=3',
    '--policies',
    'least-prefill-work',
    '--seeds',
    '1',
    '--json',
    '-',
  ]
  const run = await runKvasir(args)
  expect(run.code).toBe(0)
  expect(planReportSchema.parse(JSON.parse(run.stdout)).arms.map(({ label }) => label)).toEqual([
    'round-robin',
    'least-prefill-work',
  ])
  const hopeless = await runKvasir([
    'plan',
    ...load,
    '--slo',
    'ttft-mean=0.0001',
    '--seeds',
    '1',
    '--max-replicas',
    '2',
  ])
  expect(hopeless.code).toBe(1)
  expect(hopeless.stdout).toContain('more than 2')
})

test.each([
  ['simulate', ['--policies', 'nonesuch'], 'kvasir simulate: --policies: unknown policy "nonesuch": expected one of'],
  ['simulate', ['--json', '/no/such/folder/r.json'], 'kvasir simulate: /no/such/folder/r.json: cannot write it'],
  ['simulate', ['--kv-tokens', '1k', '--seeds', '1'], 'holds 992: give --kv-tokens of at least'],
  ['simulate', ['--nope'], "unknown option '--nope'"],
  ['plan', [], 'kvasir plan: --slo: expected targets such as ttft-p95=2'],
])('%s %j ends with code 2', async (command, args, message) => {
  const run = await runKvasir([command, ...args])
  expect(run.stderr).toContain(message)
  expect(run).toMatchObject({ code: 2, stdout: '' })
})

test('a malformed line of a trace is named with its place', async () => {
  const trace = join(folder, 'bad.jsonl')
  await writeFile(trace, '{"timestamp":0,"input_length":5,"output_length":1,"hash_ids":[1]}\n{"timestamp":1}\n')
  const run = await runKvasir(['simulate', '--trace', trace])
  expect(run.code).toBe(2)
  expect(run.stderr).toContain(`${trace}:2: expected one JSON object a line`)
})
