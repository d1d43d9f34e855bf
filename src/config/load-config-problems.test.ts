import { describe, expect, test } from 'vitest'
import { loadConfig } from './load-config.ts'
import { loadText, ONE_ENDPOINT, problemsOf, TEST_POLICIES } from './testing/load-text.ts'

describe('problems', () => {
  test('are found all at once, each where it is', () => {
    const text = `listen: { host: 0.0.0.0, port: 80x }
polcy: foo
policy: { type: prefix-aware, saturatoin: 4, saturation: 0.5 }
endpoints:
  - http://a:1/v1
  - localhost:8000
  - url: http://b:2
    kvTokens: 300q
    profile: h10
    maxConcurrency: 0
    role: bot
    models: []
    health: { intervall: 5 }
    headers: { Host: x, x-a: "ü€" }
  - id: x
  - 5
pools:
  - model: 7
    policy: { saturation: 4 }
timeouts: 5
prefix: { bytesPerToken: 0, maxBytes: 0 }
health: { interval: 0, timeout: 30d }
headers: { decisions: yes, requestId: 'x request' }
port: 9
`
    expect(problemsOf(text)).toEqual([
      '1:32 listen.port: expected a port from 0 to 65535, found "80x"',
      '3:58 policy.saturation: expected a whole number, found 0.5',
      '3:31 policy.saturatoin: there is no such key (did you mean saturation?)',
      '5:5 endpoints[0]: expected a URL such as http://10.0.0.7:8000 without anything after the port; request paths are kept, found "http://a:1/v1"',
      '6:5 endpoints[1]: expected a URL such as http://10.0.0.7:8000, with http:// or https:// in front, found "localhost:8000"',
      '12:13 endpoints[2].models: expected at least 1 entry, found a list',
      '11:11 endpoints[2].role: expected one of both, prefill, decode, encode, found "bot" (did you mean both?)',
      '9:14 endpoints[2].profile: expected one of h100, a100, found "h10" (did you mean h100?)',
      '8:15 endpoints[2].kvTokens: expected a number of tokens such as 8192, 300k or 1M, found "300q"',
      '10:21 endpoints[2].maxConcurrency: expected a whole number of at least 1, found 0',
      '13:15 endpoints[2].health.intervall: there is no such key (did you mean interval?)',
      '14:16 endpoints[2].headers.Host: expected a header that does not describe the connection or the body, found "Host"',
      '14:30 endpoints[2].headers.x-a: expected text that may be sent in an HTTP header, found "ü€"',
      '15:5 endpoints[3].url: missing: expected a URL such as http://10.0.0.7:8000',
      '16:5 endpoints[4]: expected a URL such as http://10.0.0.7:8000, or a map, found 5',
      '18:12 pools[0].model: expected the name of a model, found 7',
      '19:5 pools[0].policy.type: missing: expected one of marginal-cost, prefix-aware, weighted, odd',
      '22:21 health.interval: expected a duration such as 5, 250ms, 5s or 2h, above 0, found 0',
      '22:33 health.timeout: expected a duration such as 5, 250ms, 5s or 2h, at most 24d, found "30d"',
      '20:11 timeouts: expected a map, found 5',
      '21:39 prefix.maxBytes: expected a size such as 4096, 64MB or 32MiB, above 0, found 0',
      '21:26 prefix.bytesPerToken: expected a number above 0, found 0',
      '23:23 headers.decisions: expected true or false, found "yes"',
      '23:39 headers.requestId: expected the name of an HTTP header, found "x request"',
      '2:1 polcy: there is no such key (did you mean policy?)',
      '24:1 port: there is no such key (it belongs into listen.port or admin.port)',
    ])
  })

  test.each([
    ['policy: least', '1:9 policy: expected one of marginal-cost, prefix-aware, weighted, odd, found "least"'],
    ['policy: 7', '1:9 policy: expected one of marginal-cost, prefix-aware, weighted, odd, or a map, found 7'],
    [
      'policy: weighted',
      '1:1 policy.scorers: missing: expected a list (write policy: { type: weighted, scorers: ... })',
    ],
    [
      'policy: { type: weighted, scorers: [{ type: a, wieght: 1 }] }',
      '1:37 policy.scorers[0].weight: missing: expected a number|1:48 policy.scorers[0].wieght: there is no such key (did you mean weight?)',
    ],
    [
      'policy: { type: prefix_aware }',
      '1:17 policy.type: expected one of marginal-cost, prefix-aware, weighted, odd, found "prefix_aware" (did you mean prefix-aware?)',
    ],
    ['listen: [1]', '1:9 listen: expected a map, found a list'],
    ['listen: { port: }', '1:11 listen.port: expected a port from 0 to 65535, found nothing'],
    ['backends: [x]', '1:1 backends: there is no such key (did you mean endpoints?)'],
    ['limits: { colour: 1 }', '1:11 limits.colour: there is no such key (keys of limits: body, headers, attempts)'],
  ])('%s', (text, problems) => {
    expect(problemsOf(`${text}\n${ONE_ENDPOINT}`).join('|')).toBe(problems)
  })

  test('names that are given twice', () => {
    const text = `endpoints:
  - http://b:2
  - http://b:2/
  - { url: https://b:2, models: [taken, other] }
  - { url: http://c:1, id: 'b:2', role: wrong }
pools:
  - model: m
    aliases: [a, a, m, taken]
    adapters: [b, a, other]
  - model: m
    polcy: x
  - { model: b, adapters: [b] }
`
    expect(problemsOf(text).filter((problem) => problem.includes('already'))).toEqual([
      '3:5 endpoints[1]: http://b:2 is the URL of endpoints[0] already',
      '4:12 endpoints[2].url: b:2 is the id of endpoints[0] already (give each endpoint an id of its own)',
      '5:28 endpoints[3].id: b:2 is the id of endpoints[0] already (give each endpoint an id of its own)',
      '10:12 pools[1].model: "m" is the name of pools[0].model already',
      '8:18 pools[0].aliases[1]: "a" is the name of pools[0].aliases[0] already',
      '8:21 pools[0].aliases[2]: "m" is the name of pools[0].model already',
      '8:24 pools[0].aliases[3]: "taken" is the name of endpoints[2].models[0] already',
      '9:19 pools[0].adapters[1]: "a" is the name of pools[0].aliases[0] already',
      '12:28 pools[2].adapters[0]: "b" is the name of pools[0].adapters[0] already',
    ])
  })

  test('a pool and its endpoints name the same model', () => {
    expect(problemsOf('endpoints: [{ url: http://a:1, models: [m, n] }]\npools: [{ model: m }]\n')).toEqual([])
  })

  test('no endpoint at all, unless that is wanted', () => {
    expect(problemsOf('listen: { port: 1 }')).toEqual([
      '- endpoints: expected at least one endpoint, found none (list their URLs under endpoints in the file, in KVASIR_ENDPOINTS, or with --endpoint)',
    ])
    expect(problemsOf('endpoints: []')).toEqual([])
    expect(problemsOf('', { endpointsOptional: true })).toEqual([])
  })

  test('of variables and flags carry their names', () => {
    const env = { KVASIR_TIMEOUTS_CONNECT: 'soon', KVASIR_POOLS: '[{ modle: x }]', KVASIR_LISTEN_PORT: 'x' }
    const flags = { port: '70000', set: ['limits.bdy=1', 'limits', 'endpoints.9.url=http://x', '__proto__.x=1'] }
    expect(problemsOf(ONE_ENDPOINT, { env, flags })).toEqual([
      '--set limits.bdy limits.bdy: there is no such key (did you mean limits.body?)',
      '--set limits : expected path=value, such as limits.body=64MiB',
      '--set __proto__.x __proto__: there is no such key',
      '--set endpoints.9.url endpoints[9].url: cannot be set, because endpoints is a list of 1 (the position must exist, or be the next one)',
      '--port listen.port: expected a port from 0 to 65535, found 70000',
      'KVASIR_POOLS pools[0].model: missing: expected the name of a model',
      'KVASIR_POOLS pools[0].modle: there is no such key (did you mean model?)',
      'KVASIR_TIMEOUTS_CONNECT timeouts.connect: expected a duration such as 5, 250ms, 5s or 2h, found "soon"',
    ])
  })

  test('a file with a syntax error is only judged by its syntax; environment and flags are judged all the same', () => {
    const problems = problemsOf('listen: { port: 80\nendpoints: {]', { env: { KVASIR_LISTEN_PORT: 'x' } })
    expect(problems[0]).toMatch(/^2:\d+ : not valid YAML: /)
    expect(problems.at(-1)).toBe('KVASIR_LISTEN_PORT listen.port: expected a port from 0 to 65535, found "x"')
    expect(problems.filter((problem) => problem.includes('endpoint'))).toEqual([])
  })

  test('a file that cannot be read', () => {
    const result = loadConfig({ file: '/nowhere/kvasir.yaml', env: {}, flags: {}, knownPolicies: TEST_POLICIES })
    expect(result.ok ? [] : result.problems.map(({ message }) => message)).toEqual([
      expect.stringMatching(/^expected a readable file: ENOENT.*\/nowhere\/kvasir\.yaml/),
    ])
  })

  test('a password in a URL is not repeated', () => {
    const result = loadText('endpoints: [http://me:hunter2@a:1]')
    expect(result.ok ? '' : result.problems[0]?.message).toContain('found "http://***@a:1"')
  })
})
