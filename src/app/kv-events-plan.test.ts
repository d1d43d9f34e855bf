import { expect, test } from 'vitest'
import { configOf } from '../../test/testing/router-fixture.ts'
import { kvEventsPlan } from './kv-events-plan.ts'

function plan(url: string, kvEvents: object, more: object = {}) {
  const [endpoint] = configOf({ endpoints: [{ url, kvEvents, ...more }] }).endpoints
  if (endpoint === undefined) throw new Error('no endpoint')
  return kvEventsPlan(endpoint)
}

test('where an engine listens becomes the host of its url', () => {
  for (const any of ['*', '0.0.0.0', '[::]', '::']) {
    expect(plan('http://10.0.0.7:8000', { address: `tcp://${any}:5557`, replay: `tcp://${any}:5558` })).toMatchObject({
      address: 'tcp://10.0.0.7:5557',
      replay: 'tcp://10.0.0.7:5558',
      pulled: undefined,
    })
  }
  expect(plan('http://[fd00::1]:8000', { address: 'tcp://*:5557' })?.address).toBe('tcp://[fd00::1]:5557')
  expect(plan('http://a:1', { address: 'tcp://[::1]:5557' })?.address).toBe('tcp://[::1]:5557')
  expect(plan('http://a:1', { address: 'tcp://*:5557', bind: true })?.address).toBe('tcp://*:5557')
})

test('events that are fetched are asked for as the endpoint is, and need no engine to be found out', () => {
  expect(plan('http://a:1', { address: 'pull' }, { headers: { authorization: 'Bearer k' } })).toMatchObject({
    pulled: { url: 'http://a:1', headers: { authorization: 'Bearer k' } },
    encoding: 'tensorrt-llm',
  })
})
