import { expect, it } from 'vitest'
import { fakeEngine, plainAnswer, type Probes } from '../../test/testing/fake-engine.ts'
import { EndpointState } from '../core/endpoint-state.ts'
import { settingsOf } from '../core/testing/fleet-fixture.ts'
import { programLogTo } from '../observe/program-log.ts'
import { AddressPoll } from './address-poll.ts'
import { EngineWatch } from './engine-watch.ts'

const page = (running: number): string =>
  [`vllm:num_requests_running{engine="0"} ${running}`, 'vllm:num_requests_waiting{engine="0"} 0', ''].join('\n')

it('requests that end while the engine tells its load are not taken for those of others', async () => {
  const endpoint = new EndpointState(0, settingsOf('e'))
  endpoint.signals.inFlight = 2
  const probes: Probes = { health: 200, models: ['m'] }
  await using engine = await fakeEngine(plainAnswer, 0, probes)
  let asked = 0
  engine.server.prependListener('request', ({ url }: { url?: string }) => {
    if (url !== '/metrics') return
    asked++
    // The second time they end when the engine has looked; asked again, it tells nothing.
    probes.metrics = asked < 3 ? page(2 + asked) : ''
    if (asked === 2) endpoint.signals.inFlight = 0
  })
  const { logger } = programLogTo({ write: () => undefined }, 'silent')
  const clock = (): number => performance.now() / 1000
  const target = { name: 'e', url: engine.url, engine: 'vllm', headers: {}, keepAlive: 4, connectTimeout: 5 } as const
  const poll = new AddressPoll(target, { logger, clock, slowness: () => 1 })
  const host = { logger, clock, found() {}, capacity() {}, asleep() {}, ranks() {} }
  const plan = { engine: 'vllm', polled: true, rank: undefined, learnsKvTokens: false } as const
  using _watch = new EngineWatch(endpoint, plan, host, poll)
  await expect.poll(() => endpoint.signals.engineRunning, { timeout: 5000 }).toBe(4)
  expect(endpoint.signals.foreignRequests).toBe(2)
})
