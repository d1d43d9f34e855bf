import { describe, expect, test } from 'vitest'
import { type Environment, readEnvironment } from './environment.ts'
import { configJsonSchema } from './json-schema.ts'
import { configKeys } from './keys.ts'
import { showPath } from './problem.ts'
import { TEST_POLICIES } from './testing/load-text.ts'

const root = configJsonSchema({ policies: TEST_POLICIES })

function read(env: Environment) {
  const { assignments, problems } = readEnvironment(root, env)
  return {
    values: Object.fromEntries(assignments.map(({ path, value }) => [showPath(path), value])),
    problems: problems.map(({ message, hint = '' }) => `${message} ${hint}`.trim()),
  }
}

describe('readEnvironment', () => {
  test.each<[Environment, Record<string, unknown>]>([
    [{ KVASIR_LISTEN_PORT: '8081' }, { 'listen.port': 8081 }],
    [{ KVASIR_LIMITS_BODY: '64MiB' }, { 'limits.body': '64MiB' }],
    [{ KVASIR_TIMEOUTS_FIRST_BYTE: '90' }, { 'timeouts.firstByte': 90 }],
    [{ KVASIR_HEADERS_COMPATIBLE: 'true' }, { 'headers.compatible': true }],
    [{ KVASIR_LISTEN_HOST: '::1' }, { 'listen.host': '::1' }],
    [{ KVASIR_LOG_FILE: '7' }, { 'log.file': '7' }],
    [{ KVASIR_PREFIX_BYTES_PER_TOKEN: '3.5' }, { 'prefix.bytesPerToken': 3.5 }],
    [{ KVASIR_ENDPOINTS: 'http://a:1, http://b:2,' }, { endpoints: ['http://a:1', 'http://b:2'] }],
    [{ KVASIR_ENDPOINTS: '[{ url: http://a:1, id: a }]' }, { endpoints: [{ url: 'http://a:1', id: 'a' }] }],
    [{ KVASIR_POLICY: 'prefix-aware' }, { policy: 'prefix-aware' }],
    [{ KVASIR_POLICY: '{ type: prefix-aware, saturation: 4 }' }, { policy: { type: 'prefix-aware', saturation: 4 } }],
    [{ KVASIR_LISTEN_PORT: ' ', KVASIR_CONFIG: 'x.yaml', HOME: '/', PATH: undefined }, {}],
  ])('%j', (env, values) => {
    expect(read(env)).toEqual({ values, problems: [] })
  })

  test('knows the variables of KV-Router, and prefers its own', () => {
    const env = {
      BACKENDS: 'http://a:1',
      PORT: '8000',
      HEALTH_PATH: '/',
      LOG_LEVEL: 'WARNING',
      KVASIR_LISTEN_PORT: '1',
    }
    expect(read(env).values).toEqual({
      endpoints: ['http://a:1'],
      'listen.port': 1,
      'health.path': '/',
      'log.level': 'warn',
    })
  })

  test('refuses unknown variables, and broken YAML', () => {
    expect(read({ KVASIR_LISTEN_PROT: '1', KVASIR_X: '1', KVASIR_POOLS: '[{' }).problems).toEqual([
      expect.stringMatching(/^not valid YAML: /),
      'no key has this variable did you mean KVASIR_LISTEN_PORT?',
      'no key has this variable',
    ])
  })

  test('leaves alone what Kubernetes sets for Services named kvasir and kvasir-admin', () => {
    const env = {
      KVASIR_SERVICE_HOST: '10.0.0.1',
      KVASIR_SERVICE_PORT: '80',
      KVASIR_SERVICE_PORT_HTTP: '80',
      KVASIR_PORT: 'tcp://10.0.0.1:80',
      KVASIR_PORT_80_TCP: 'tcp://10.0.0.1:80',
      KVASIR_PORT_80_TCP_PROTO: 'tcp',
      KVASIR_PORT_80_TCP_PORT: '80',
      KVASIR_PORT_80_TCP_ADDR: '10.0.0.1',
      KVASIR_ADMIN_PORT: 'tcp://10.0.0.2:9090',
      KVASIR_ADMIN_SERVICE_HOST: '10.0.0.2',
    }
    expect(read(env)).toEqual({ values: {}, problems: [] })
  })
})

test('every key outside of lists has a variable of its own', () => {
  const keys = configKeys(root).filter(({ path, section }) => path !== undefined && !section)
  const variables = keys.map(({ variable }) => variable)
  expect(variables).toContain('KVASIR_HEALTH_PASSIVE_COOLDOWN')
  expect(variables).not.toContain(undefined)
  expect(new Set(variables).size).toBe(variables.length)
})

test('every key is described', () => {
  expect(configKeys(root).filter(({ description }) => description === '')).toEqual([])
})
