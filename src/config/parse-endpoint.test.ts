import { expect, test } from 'vitest'
import { parseEndpoint } from './parse-endpoint.ts'
import { loaded, ONE_ENDPOINT } from './testing/load-text.ts'

const { config } = loaded(`${ONE_ENDPOINT}health: { interval: 1s }\ntimeouts: { keepAlive: 9s }\n`)

test('an endpoint is filled in from the configuration', () => {
  const given = { url: 'http://b:2', health: { timeout: '500ms' }, headers: { 'x-a': '${HOME}' } }
  expect(parseEndpoint(given, config, [])).toMatchObject({
    url: 'http://b:2',
    id: 'b:2',
    keepAlive: 9,
    health: { interval: 1, timeout: 0.5, path: '/health' },
    headers: { 'x-a': '${HOME}' },
  })
  expect(parseEndpoint('http://b:2', config, [])).toMatchObject({ id: 'b:2' })
})

test.each<[unknown, string[]]>([
  [7, ['expected a URL such as http://10.0.0.7:8000, or a map, found 7']],
  [{ rle: 1 }, ['url: missing: expected a URL such as http://10.0.0.7:8000', 'rle: there is no such key']],
  [{ url: 'http://b', profile: 'x' }, ['profile: expected one of h100, a100, found "x"']],
])('%j is refused', (given, problems) => {
  expect(parseEndpoint(given, config, ['h100', 'a100'])).toEqual({ problems })
})
