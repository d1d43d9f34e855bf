import { Pool, type Dispatcher } from 'undici'

/** Times are in seconds; 0 switches a timeout off. */
export interface UpstreamSettings {
  readonly connectTimeout: number
  readonly firstByteTimeout: number
  readonly idleTimeout: number
  /** Idle connections are dropped after this, before the engine closes them (uvicorn: 5 s). */
  readonly keepAlive: number
  /** Headers added to every request, e.g. an engine's API key. */
  readonly headers: Readonly<Record<string, string>>
}

/** The pooled connections to one endpoint. */
export class Upstream {
  readonly settings: UpstreamSettings
  /** Flat name, value list of `settings.headers`. */
  readonly extraHeaders: readonly string[]
  /** Connections opened so far: a request during which it stays the same went out on a kept one. */
  connections = 0
  readonly #pool: Pool

  constructor(url: string, settings: UpstreamSettings) {
    this.settings = settings
    this.extraHeaders = Object.entries(settings.headers).flat()
    this.#pool = new Pool(url, {
      connections: null,
      pipelining: 1,
      allowH2: false,
      connectTimeout: settings.connectTimeout * 1000,
      headersTimeout: settings.firstByteTimeout * 1000,
      bodyTimeout: settings.idleTimeout * 1000,
      keepAliveTimeout: settings.keepAlive * 1000,
      keepAliveMaxTimeout: settings.keepAlive * 1000,
    })
    this.#pool.on('connect', () => {
      this.connections += 1
    })
  }

  dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): void {
    this.#pool.dispatch(options, handler)
  }

  /** A small control request (probe, model list); the body is read as text. Rejects on network errors and timeout. */
  async get(path: string, timeoutSeconds: number): Promise<{ status: number; body: string }> {
    const signal = AbortSignal.timeout(timeoutSeconds * 1000)
    const answer = await this.#pool.request({ path, method: 'GET', headers: this.settings.headers, signal })
    return { status: answer.statusCode, body: await answer.body.text() }
  }

  /** Drops the connections once their requests have ended. */
  close(): Promise<void> {
    return this.#pool.close()
  }

  destroy(): Promise<void> {
    return this.#pool.destroy()
  }
}
