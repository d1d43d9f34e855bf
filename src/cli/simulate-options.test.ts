import { expect, test } from 'vitest'
import { parsePlanOptions } from './plan-options.ts'
import { parseSimulateOptions, withoutOutputs } from './simulate-options.ts'

test('reads a whole matrix', () => {
  const { settings } = parseSimulateOptions(
    {
      workload: 'rag',
      docLen: '400',
      policies: ['random,lmetric', 'mine=hit-bonus{penalty: 1}'],
      baseline: 'lmetric',
      profile: 'qwen3-32b-tp2-h100,qwen2.5-7b-h100',
      replicas: '4,8',
      kvTokens: '300k,1M',
      hostTokens: '0,3M',
      speed: '1,1.5',
      view: 'exact,events:0.1:0.05',
      routers: '1,4',
      seeds: '2',
      slo: '2:0.025,5:0.1',
      warmUp: '5%',
      concurrency: '7',
      thinkScale: '0.5',
    },
    ['--workload', 'rag', '--html', 'x.html', '--jobs=3', '--seeds', '2'],
  )
  expect(settings).toMatchObject({
    baseline: 'lmetric',
    seeds: [1, 2],
    slos: [
      { ttft: 2, tpot: 0.025 },
      { ttft: 5, tpot: 0.1 },
    ],
    load: { warmUp: 0.05, concurrency: 7, thinkScale: 0.5, selection: { source: { knobs: { docLen: 400 } } } },
    dimensions: {
      profiles: ['qwen3-32b-tp2-h100', 'qwen2.5-7b-h100'],
      replicas: [4, 8],
      kvTokens: [300_000, 1_000_000],
      hostTokens: [0, 3_000_000],
      speeds: [1, 1.5],
      views: [{ kind: 'exact' }, { kind: 'events', delay: 0.1, loss: 0.05 }],
      routers: [1, 4],
    },
    command: ['--workload', 'rag', '--seeds', '2'],
  })
  expect(settings.arms.map(({ label }) => label)).toEqual(['random', 'lmetric', 'mine'])
})

test('what only says where results go is no part of the command', () => {
  expect(withoutOutputs(['--json', '-', '--seeds', '3', '--markdown=a.md', '--view', 'exact'])).toEqual([
    '--seeds',
    '3',
    '--view',
    'exact',
  ])
})

test.each([
  [{ policies: ['nonesuch'] }, '--policies: unknown policy "nonesuch": expected one of'],
  [{ baseline: 'x' }, '--baseline: expected one of round-robin, '],
  [{ profile: 'tpu' }, '--profile: expected one of '],
  [{ replicas: '4,x' }, '--replicas: expected a whole number of at least 1, found x'],
  [{ replicas: '4,,8' }, '--replicas: expected values separated by commas, found 4,,8'],
  [{ speed: '1,2,1' }, '--speed: expected different values, found 1 twice'],
  [{ kvTokens: '3x' }, '--kv-tokens: expected a number of tokens such as 8192, 300k or 1M, at least 1; found 3x'],
  [{ view: 'gossip' }, '--view: expected exact, predicted,'],
  [{ slo: '2' }, '--slo: expected seconds of TTFT and TPOT such as 2:0.025, found 2'],
  [{ warmUp: '100%' }, '--warm-up: expected a share below 100 % such as 10% or 0.1, found 100%'],
  [{ jobs: '0' }, '--jobs: expected a whole number of at least 1, found 0'],
  [{ trace: 'a', workload: 'chat' }, '--trace and --workload: expected one of them, found both'],
  [{ fleet: 'f', replicas: '2' }, '--fleet and --replicas: expected one of them, found both'],
  [{ model: 'm' }, '--model: expected a --trace whose requests name models'],
])('simulate refuses %j', (options, message) => {
  expect(() => parseSimulateOptions(options, [])).toThrow(message)
})

test.each([
  [{}, '--slo: expected targets such as ttft-p95=2'],
  [{ slo: 'ttft=1' }, '--slo ttft=1: expected one of mean, p50'],
  [{ slo: 'ttft-p95=1', kvTokens: '1M,2M' }, '--kv-tokens: expected one value, found 2'],
  [{ slo: 'ttft-p95=1', maxReplicas: '0' }, '--max-replicas: expected a whole number of at least 1, found 0'],
])('plan refuses %j', (options, message) => {
  expect(() => parsePlanOptions(options, [])).toThrow(message)
})
