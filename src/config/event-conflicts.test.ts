import { describe, expect, test } from 'vitest'
import { eventConflicts } from './event-conflicts.ts'
import { loaded, problemsOf } from './testing/load-text.ts'

interface Written {
  readonly url: string
  readonly events: string
  readonly more?: string
}

function yaml(endpoints: readonly Written[]): string {
  const lines = endpoints.map(
    ({ url, events, more = '' }, i) => `  - { url: ${url}, id: e${i}, ${more}kvEvents: { ${events} } }\n`,
  )
  return `endpoints:\n${lines.join('')}`
}

const header = (rank: number): string => `headers: { X-Data-Parallel-Rank: "${rank}" }, `

describe('two endpoints with one place of their events', () => {
  test.each<[string, string, Written, Written]>([
    [
      'the same address',
      'tcp://h:5557',
      { url: 'http://a:1', events: 'address: tcp://h:5557' },
      { url: 'http://b:1', events: 'address: tcp://h:5557' },
    ],
    [
      'the same host, written and not',
      'tcp://a:5557',
      { url: 'http://a:1', events: 'address: tcp://*:5557' },
      { url: 'http://a:2', events: 'address: tcp://A:5557' },
    ],
    [
      'the same ports after the ranks',
      'tcp://a:5558',
      { url: 'http://a:1', events: 'address: tcp://*:5557', more: header(1) },
      { url: 'http://a:2', events: 'address: tcp://*:5558' },
    ],
    [
      'the same file',
      'ipc:///run/kv',
      { url: 'http://a:1', events: 'address: ipc:///run/kv' },
      { url: 'http://a:2', events: 'address: ipc:///run/kv' },
    ],
    [
      'the same port of the router',
      'tcp://*:5557',
      { url: 'http://a:1', events: 'bind: true, address: tcp://*:5557, topic: a' },
      { url: 'http://b:1', events: 'bind: true, address: tcp://0.0.0.0:5557, topic: b' },
    ],
    [
      'the same port of the router, by any address of either kind',
      'tcp://*:5557',
      { url: 'http://a:1', events: 'bind: true, address: "tcp://*:5557"' },
      { url: 'http://b:1', events: 'bind: true, address: "tcp://[::]:5557"' },
    ],
    [
      'the same host, written as any address of either kind',
      'tcp://a:5557',
      { url: 'http://a:1', events: 'address: "tcp://[::]:5557"' },
      { url: 'http://a:2', events: 'address: tcp://a:5557' },
    ],
    [
      'topics that one of them reads too',
      'tcp://h:5557',
      { url: 'http://a:1', events: 'address: tcp://h:5557, topic: kv@a' },
      { url: 'http://b:1', events: 'address: tcp://h:5557, topic: kv@' },
    ],
  ])('are refused: %s', (_case, place, first, second) => {
    expect(problemsOf(yaml([first, second]))).toEqual([
      expect.stringMatching(/^3:\d+ endpoints\[1\]\.kvEvents\.address: expected an address of its own, found /),
    ])
    expect(problemsOf(yaml([first, second]))[0]).toContain(`found ${place}, where endpoints[0] publishes already`)
  })

  test('are refused where one endpoint stands for several ranks', () => {
    const kvEvents = { address: 'tcp://*:5557' }
    const several = { url: 'http://a:1', headers: {}, ranks: 4, kvEvents, index: 0 }
    const at = (port: number) => ({ ...several, ranks: 1, kvEvents: { address: `tcp://*:${port}` }, index: 1 })
    expect(eventConflicts([several, at(5560)])).toMatchObject([{ path: ['endpoints', 1, 'kvEvents', 'address'] }])
    expect(eventConflicts([several, at(5561)])).toEqual([])
  })

  test('are each named, beside what else is wrong', () => {
    const events = 'address: tcp://h:5557'
    const problems = problemsOf(
      yaml(['a', 'b', 'c'].map((host) => ({ url: `http://${host}:1`, events }))) + 'limits: { body: no }\n',
    )
    expect(problems).toHaveLength(3)
    expect(problems.filter((problem) => problem.includes('where endpoints[0] publishes already'))).toHaveLength(2)
  })
})

describe('endpoints with places of their own', () => {
  test.each<[string, Written, Written]>([
    [
      'hosts',
      { url: 'http://a:1', events: 'address: tcp://*:5557' },
      { url: 'http://b:1', events: 'address: tcp://*:5557' },
    ],
    [
      'hosts, written as any address',
      { url: 'http://a:1', events: 'address: "tcp://[::]:5557"' },
      { url: 'http://b:1', events: 'address: "tcp://[::]:5557"' },
    ],
    [
      'ports',
      { url: 'http://a:1', events: 'address: tcp://*:5557' },
      { url: 'http://a:2', events: 'address: tcp://*:5558' },
    ],
    [
      'ranks by header',
      { url: 'http://a:1', events: 'address: tcp://*:5557', more: header(0) },
      { url: 'http://a:1', events: 'address: tcp://*:5557', more: header(1) },
    ],
    [
      'ranks by name',
      { url: 'http://a:1', events: 'address: ipc:///run/kv, rank: 0' },
      { url: 'http://a:2', events: 'address: ipc:///run/kv, rank: 1' },
    ],
    [
      'topics',
      { url: 'http://a:1', events: 'address: tcp://proxy:5557, topic: kv@a@' },
      { url: 'http://b:1', events: 'address: tcp://proxy:5557, topic: kv@b@' },
    ],
    [
      'any free port',
      { url: 'http://a:1', events: 'bind: true, address: tcp://*:0' },
      { url: 'http://b:1', events: 'bind: true, address: tcp://*:0' },
    ],
  ])('are fine: %s', (_case, first, second) => {
    expect(loaded(yaml([first, second])).config.endpoints).toHaveLength(2)
  })
})
