import { describe, expect, test } from 'vitest'
import { printConfig } from './print-config.ts'
import { loaded, ONE_ENDPOINT } from './testing/load-text.ts'

describe('printConfig', () => {
  const text = `
endpoints:
  - { url: http://a:1, kvTokens: 1.5k, maxConcurrency: 3, health: { timeout: 0.25 } }
  - { url: http://b:1, id: b, labels: { gpu: h100 }, headers: { x-cluster: '7' } }
pools: [{ model: m, aliases: [x], policy: prefix-aware }]
timeouts: { drain: 1h30m, idle: 1234.5 }
limits: { body: 1000001 }
prefix: { tenantHeader: x-tenant }
`

  test('what it prints loads as the same configuration', () => {
    const first = loaded(text)
    const printed = printConfig(first.config, first.sources)
    expect(loaded(printed).config).toEqual(first.config)
    expect(printed).toContain('drain: 90m')
    expect(printed).toContain('maxConcurrency: none')
    expect(printed).toContain('timeout: 250ms')
  })

  test('keys come in the order of the schema', () => {
    const { config, sources } = loaded(text)
    const keys = printConfig(config, sources).match(/^\w+(?=:)/gm)
    expect(keys?.slice(0, 5)).toEqual(['listen', 'admin', 'policy', 'endpoints', 'pools'])
    expect(printConfig(config, sources)).toMatch(/- url: http:\/\/a:1\n {4}id: a:1\n {4}role: both\n/)
  })

  test('secrets are masked', () => {
    const secret =
      "{ url: http://b:1, headers: { authorization: abc, X-Api-Key: def, x-odd: 'Bearer ghi', x-cluster: b } }"
    const { config, sources } = loaded(`endpoints: [${secret}]`)
    const printed = printConfig(config, sources)
    expect(printed).not.toMatch(/abc|def|ghi/)
    expect(printed).toContain('x-cluster: b')
  })

  test('it begins with where the values are from, without the values', () => {
    const env = { KVASIR_LISTEN_PORT: '1' }
    const { config, sources } = loaded(ONE_ENDPOINT, {
      env,
      flags: { policy: 'prefix-aware', set: ['log.file=secret'] },
    })
    expect(printConfig(config, sources).split('\n').slice(0, 5)).toEqual([
      '# from kvasir.yaml',
      '# listen.port from KVASIR_LISTEN_PORT',
      '# policy from --policy',
      '# log.file from --set log.file',
      'listen:',
    ])
  })
})
