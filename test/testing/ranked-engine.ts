import { z } from 'zod'
import type { EngineOptions } from '../../src/engine-server/engine-options.ts'
import type { KvEventForm } from '../../src/engine-server/kv/kv-event-options.ts'
import { type RunningEngine, startEngineServer } from '../../src/engine-server/start-engine-server.ts'
import { fakeEngine, type FakeEngine, plainAnswer } from './fake-engine.ts'
import { freePort } from './free-port.ts'

export interface RankedEngine extends AsyncDisposable {
  readonly engine: RunningEngine
  /** What its operator would write into the configuration about its events. */
  readonly kvEvents: object
}

/** One simulated engine with several ranks behind its port, whose events come from ports next to each other. */
export async function rankedEngine(
  form: KvEventForm,
  options: Partial<EngineOptions> & { readonly dataParallelSize: number },
): Promise<RankedEngine> {
  for (let attempt = 0; attempt < 20; attempt++) {
    const port = (await freePort()) % 60_000
    const replayPort = port + options.dataParallelSize
    const started = startEngineServer({ speed: 200, ...options, kvEvents: { form, port, replayPort } })
    // One of so many ports may be taken.
    const engine = await started.catch(() => undefined)
    if (engine === undefined) continue
    return {
      engine,
      kvEvents: { address: `tcp://*:${port}`, replay: `tcp://*:${replayPort}` },
      [Symbol.asyncDispose]: () => engine[Symbol.asyncDispose](),
    }
  }
  throw new Error('no free ports next to each other')
}

export const cachedUsage = z.object({
  usage: z.object({ prompt_tokens_details: z.object({ cached_tokens: z.int() }).nullish() }),
})

/** Pages of a vLLM with so many ranks. */
export function pageOf(ranks: number): string {
  return Array.from(
    { length: ranks },
    (_, rank) => `vllm:num_requests_running{engine="${rank}",model_name="m"} ${rank}`,
  )
    .flatMap((line) => [line, line.replace('running', 'waiting')])
    .concat('')
    .join('\n')
}

/** A fake vLLM with so many ranks on its page. */
export function ranksEngine(ranks: number): Promise<FakeEngine> {
  return fakeEngine(plainAnswer, 0, { health: 200, models: ['m'], metrics: pageOf(ranks) })
}
