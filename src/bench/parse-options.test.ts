import { expect, test } from 'vitest'
import { parseBenchOptions, withoutSecrets } from './parse-options.ts'

const parse = (options: object) => parseBenchOptions('http://h:1', options, [])

test('without options: a generated chat, once', () => {
  expect(parse({})).toMatchObject({
    source: { kind: 'generator', workload: 'chat', knobs: {} },
    route: 'chat',
    seeds: [1],
    speed: 1,
    timeScale: 1,
    warmup: { requests: 0 },
    slos: [
      { ttft: 2, tpot: 0.025 },
      { ttft: 5, tpot: 0.1 },
    ],
    label: 'h:1',
  })
})

test('reads numbers, lists and shares', () => {
  const settings = parse({
    workload: 'tools',
    sessions: '24',
    codeShare: '0.5',
    seed: ['17', '18'],
    warmup: '10%',
    slo: ['1:0.05'],
  })
  expect(settings.source).toEqual({ kind: 'generator', workload: 'tools', knobs: { sessions: 24, codeShare: 0.5 } })
  expect(settings).toMatchObject({ seeds: [17, 18], warmup: { share: 0.1 }, slos: [{ ttft: 1, tpot: 0.05 }] })
})

test('a trace takes limits where a generator takes settings', () => {
  const settings = parse({ trace: 't.jsonl', sessions: '3', maxTokens: '50', outputCap: '80' })
  expect(settings).toMatchObject({ source: { kind: 'trace', path: 't.jsonl' }, maxSessions: 3, outputCap: 50 })
})

test.each([
  [
    { workload: 'soap' },
    '--workload: expected one of chat, tools, rag, single, groups, hot, bursts, agents, branches; found soap',
  ],
  [{ speed: '0' }, '--speed: expected a number above 0, found 0'],
  [{ speed: 'fast' }, '--speed: expected a number above 0, found fast'],
  [{ seeds: '2.5' }, '--seeds: expected a whole number of at least 1, found 2.5'],
  [{ codeShare: '2' }, '--code-share: expected a number of at least 0 and at most 1, found 2'],
  [{ requests: '' }, '--requests: expected a whole number of at least 1, found nothing'],
  [{ seed: ['1', '1'] }, '--seed: expected different seeds, found 1, 1'],
  [{ seed: ['1'], seeds: '2' }, '--seeds and --seed: expected one of them, found both'],
  [{ trace: 'a', workload: 'chat' }, '--trace and --workload: expected one of them, found both'],
  [{ slo: ['2'] }, '--slo: expected seconds of TTFT and TPOT such as 2:0.025, found 2'],
  [{ warmup: '120%' }, '--warmup: expected a number of at least 0 and at most 100, found 120'],
  [{ header: ['x'] }, "--header: expected 'name: value', found x"],
  [{ loop: 'half' }, '--loop: expected one of open, sessions, closed; found half'],
])('refuses %j', (options, message) => {
  expect(() => parse(options)).toThrow(message)
})

test('secrets do not get into reports', () => {
  const args = ['http://h', '--api-key', 'k', '--header=authorization: x', '--header', 'a: b', '--speed=2']
  expect(withoutSecrets(args)).toEqual(['http://h', '--api-key', '...', '--header=...', '--header', '...', '--speed=2'])
})
