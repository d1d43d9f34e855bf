import { createServer } from 'node:http'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { EngineModel } from '../engine/engine-model.ts'
import type { EngineContext } from './engine-context.ts'
import { EngineDriver } from './engine-driver.ts'
import { engineOptions } from './engine-options.ts'
import type { EngineOptions } from './engine-options.ts'
import { createTimings } from './engine-timings.ts'
import type { Generation } from './generation.ts'
import { PromptWriter } from './prompt-writer.ts'
import { createRequestHandler } from './request-handler.ts'

/** A simulated engine that listens. */
export interface RunningEngine extends AsyncDisposable {
  readonly url: string
  readonly port: number
  /** Drops all connections and stops; resolves when the port is free. */
  close(): Promise<void>
}

/**
 * Starts a simulated engine behind vLLM's HTTP interface. Whatever is left out of the options has a default. Rejects
 * when it cannot listen.
 */
export async function startEngineServer(given: Partial<EngineOptions> = {}): Promise<RunningEngine> {
  const options = engineOptions(given)
  const context = createContext(options)
  const server = createServer({ keepAliveTimeout: options.keepAliveSeconds * 1000 }, createRequestHandler(context))
  // uvicorn closes an idle connection on the second, without grace.
  server.keepAliveTimeoutBuffer = 0
  const { port } = await listen(server, options)
  const close = async (): Promise<void> => {
    context.driver.close()
    const closed = new Promise<void>((resolve) => server.close(() => resolve()))
    server.closeAllConnections()
    await closed
  }
  return {
    url: `http://${options.host.includes(':') ? `[${options.host}]` : options.host}:${port}`,
    port,
    close,
    [Symbol.asyncDispose]: close,
  }
}

function createContext(options: EngineOptions): EngineContext {
  const model = new EngineModel<Generation>(options.profile)
  model.slowdown = options.faults.slow
  const timings = createTimings()
  return {
    options,
    contextTokens: Math.min(options.maxModelLen, model.capacityTokens),
    model,
    driver: new EngineDriver(model, timings, options.speed),
    timings,
    writer: new PromptWriter(),
    faults: options.faults,
  }
}

function listen(server: Server, { port, host }: EngineOptions): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) => {
      reject(
        new Error(`the engine cannot listen on ${host}:${port}: ${cause.message}: choose another port or host`, {
          cause,
        }),
      )
    })
    server.listen(port, host, () => {
      const address = server.address()
      if (typeof address === 'object' && address !== null) resolve(address)
    })
  })
}
