import type { EngineOptions } from '../../src/engine-server/engine-options.ts'
import { type RunningEngine, startEngineServer } from '../../src/engine-server/start-engine-server.ts'
import { type RunningRouter, runRouter } from './router-fixture.ts'

export interface SimulatedFleet extends AsyncDisposable {
  readonly engines: readonly RunningEngine[]
  readonly router: RunningRouter
}

/** A router in front of `count` simulated engines in this process, fast enough for tests. */
export async function simulatedFleet(
  count: number,
  engine: Partial<EngineOptions> = {},
  settings: object = {},
): Promise<SimulatedFleet> {
  const engines = await Promise.all(Array.from({ length: count }, () => startEngineServer({ speed: 20, ...engine })))
  const router = await runRouter({
    endpoints: engines.map(({ url }, i) => ({ url, id: `engine-${i + 1}` })),
    ...settings,
  })
  return {
    engines,
    router,
    async [Symbol.asyncDispose]() {
      await router[Symbol.asyncDispose]()
      await Promise.all(engines.map((one) => one[Symbol.asyncDispose]()))
    },
  }
}
