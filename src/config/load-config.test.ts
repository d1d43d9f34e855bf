import { resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { loadConfig } from './load-config.ts'
import { loaded, ONE_ENDPOINT, problemsOf, TEST_POLICIES } from './testing/load-text.ts'

describe('a usable configuration', () => {
  test('is complete, in seconds, bytes and tokens', () => {
    const { config } = loaded(`
listen: { port: 0 }
policy: prefix-aware
endpoints:
  - http://10.0.0.7:8000/
  - url: https://gpu
    models: [m]
    profile: h100
    kvTokens: 300k
    maxConcurrency: 256
    health: { interval: 250ms, passive: { failures: 9 } }
    keepAlive: 1m
    headers: { Authorization: 'Bearer x' }
pools:
  - model: m
    aliases: [gpt-4o]
    policy: { type: prefix-aware, saturation: 3 }
  - model: n
limits: { body: 64MB }
timeouts: { keepAlive: 2h }
plugins: [./mine.ts]
`)
    const passive = { failures: 5, cooldown: 30 }
    const health = { path: '/health', interval: 5, timeout: 2, unhealthyAfter: 2, healthyAfter: 1, passive }
    expect(config).toEqual({
      listen: { host: '0.0.0.0', port: 0 },
      admin: { host: '127.0.0.1', port: 9090 },
      policy: { type: 'prefix-aware', saturation: 8 },
      endpoints: [
        {
          url: 'http://10.0.0.7:8000',
          id: '10.0.0.7:8000',
          role: 'both',
          labels: {},
          maxConcurrency: Number.POSITIVE_INFINITY,
          engine: 'auto',
          metrics: true,
          ranks: 'auto',
          health,
          keepAlive: 7200,
          headers: {},
        },
        {
          url: 'https://gpu',
          id: 'gpu:443',
          models: ['m'],
          role: 'both',
          labels: {},
          profile: 'h100',
          kvTokens: 300_000,
          maxConcurrency: 256,
          engine: 'auto',
          metrics: true,
          ranks: 'auto',
          health: { ...health, interval: 0.25, passive: { failures: 9, cooldown: 30 } },
          keepAlive: 60,
          headers: { authorization: 'Bearer x' },
        },
      ],
      pools: [
        { model: 'm', aliases: ['gpt-4o'], adapters: [], policy: { type: 'prefix-aware', saturation: 3 } },
        { model: 'n', aliases: [], adapters: [], policy: { type: 'prefix-aware', saturation: 8 } },
      ],
      health,
      limits: { body: 64_000_000, headers: 16_384, attempts: 3 },
      timeouts: { connect: 5, firstByte: 0, idle: 0, drain: 30, keepAlive: 7200, hold: 5 },
      usage: { ask: 'known', load: 'known' },
      prefix: { maxBytes: 268_435_456, reportedBytes: 268_435_456, bytesPerToken: 4 },
      headers: { decisions: true, compatible: false, requestId: 'x-request-id', dropCookies: true },
      log: { level: 'info', format: 'json' },
      plugins: [resolve('mine.ts')],
    })
  })

  test('is frozen all the way down', () => {
    const { config } = loaded(ONE_ENDPOINT)
    expect([config, config.endpoints, config.endpoints[0]?.health.passive].every(Object.isFrozen)).toBe(true)
  })

  test('may leave sections empty, use anchors, and be JSON', () => {
    expect(loaded(`${ONE_ENDPOINT}limits:\nhealth:\n  # all of it is commented out\n`).config.limits.attempts).toBe(3)
    const anchors = 'endpoints:\n  - &base { url: http://a:1, role: decode }\n  - { <<: *base, url: http://b:1 }\n'
    expect(loaded(anchors).config.endpoints.map(({ url, role }) => [url, role])).toEqual([
      ['http://a:1', 'decode'],
      ['http://b:1', 'decode'],
    ])
    expect(loaded('{"endpoints": ["http://a:1"]}').config.endpoints).toHaveLength(1)
  })

  test('takes variables into headers', () => {
    const text = "endpoints: [{ url: http://a:1, headers: { authorization: 'Bearer ${TOKEN}' } }]"
    expect(loaded(text, { env: { TOKEN: 's3cret' } }).config.endpoints[0]?.headers).toEqual({
      authorization: 'Bearer s3cret',
    })
    expect(problemsOf(text)).toEqual([
      '1:58 endpoints[0].headers.authorization: expected the environment variable TOKEN, which is not set',
    ])
  })

  test('hands the options of a policy on as they were given where the policy transforms them', () => {
    expect(loaded(`${ONE_ENDPOINT}policy: { type: odd, twice: 7 }`).config.policy).toEqual({
      type: 'odd',
      twice: 7,
    })
  })
})

describe('layers', () => {
  const file =
    'endpoints: [http://a:1]\nlisten: { port: 1, host: file }\npolicy: { type: prefix-aware, saturation: 2 }\n'

  test('file, then environment, then flags', () => {
    const env = { KVASIR_LISTEN_PORT: '2', KVASIR_LISTEN_HOST: 'env', KVASIR_POLICY: 'marginal-cost' }
    const { config, sources } = loaded(file, { env, flags: { port: '3' } })
    expect(config.listen).toEqual({ host: 'env', port: 3 })
    expect(config.policy).toEqual({ type: 'marginal-cost' })
    expect(Object.fromEntries(sources.assigned)).toEqual({
      'listen.host': { kind: 'environment', variable: 'KVASIR_LISTEN_HOST' },
      'listen.port': { kind: 'flag', flag: '--port' },
      policy: { kind: 'environment', variable: 'KVASIR_POLICY' },
    })
  })

  test('lists replace each other', () => {
    const env = { BACKENDS: 'http://b:1, http://c:1' }
    const urls = (flags: object) => loaded(file, { env, flags }).config.endpoints.map(({ url }) => url)
    expect(urls({})).toEqual(['http://b:1', 'http://c:1'])
    expect(urls({ endpoint: ['http://d:1'] })).toEqual(['http://d:1'])
  })

  test('single values inside lists and policies can be set', () => {
    const flags = { set: ['endpoints[0].maxConcurrency=4', 'policy.saturation=5', 'endpoints.1=http://b:1'] }
    expect(problemsOf(file, { flags: { set: ['endpoints[0].maxConcurrency=4'] } })).toEqual([
      '--set endpoints[0].maxConcurrency endpoints[0].maxConcurrency: cannot be set, because endpoints[0] is "http://a:1" (set endpoints[0] as a whole)',
    ])
    const { config } = loaded(file.replace('[http://a:1]', '[{ url: http://a:1 }]'), { flags })
    expect(config.endpoints.map(({ maxConcurrency }) => maxConcurrency)).toEqual([4, Number.POSITIVE_INFINITY])
    expect(config.policy).toEqual({ type: 'prefix-aware', saturation: 5 })
  })

  test('no file is needed', () => {
    const result = loadConfig({ env: { BACKENDS: 'http://a:1' }, flags: {}, knownPolicies: TEST_POLICIES })
    expect(result.ok && result.config.endpoints.map(({ id }) => id)).toEqual(['a:1'])
  })

  test('plugins of flags are relative to the working directory, those of the file to the file', () => {
    const more = { file: '/etc/kvasir/kvasir.yaml' }
    expect(loaded(`${file}plugins: [a.ts]`, more).config.plugins).toEqual(['/etc/kvasir/a.ts'])
    expect(loaded(file, { ...more, flags: { set: ['plugins=a.ts,/b.ts'] } }).config.plugins).toEqual([
      resolve('a.ts'),
      '/b.ts',
    ])
  })
})
