import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { z } from 'zod'
import { startEngineServer } from '../src/engine-server/start-engine-server.ts'
import { endpointViews } from './testing/endpoint-views.ts'
import { eventually } from './testing/eventually.ts'
import { freePort } from './testing/free-port.ts'
import { runRouter } from './testing/router-fixture.ts'

const view = z.looseObject({ ready: z.boolean(), engine: z.looseObject({ name: z.string().nullable() }).nullable() })

it('an engine that comes after the router is found out as soon as it is ready', { timeout: 30_000 }, async () => {
  const port = await freePort()
  const endpoints = [`http://127.0.0.1:${port}`]
  await using router = await runRouter({ endpoints, health: { interval: '50ms' } }, 0)
  const seen = async () => view.parse((await endpointViews(router.admin))[0])
  // By now it was looked for three times, and would be again after four seconds.
  await sleep(3500)
  expect(await seen()).toMatchObject({ ready: false })
  await using _ = await startEngineServer({ model: 'm', port })
  await eventually('it is ready', async () => (await seen()).ready)
  await eventually('it is known', async () => (await seen()).engine?.name === 'vllm', 2)
})
