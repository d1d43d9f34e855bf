import { Client, Pool, type Dispatcher } from 'undici'

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
  readonly #extraNames: ReadonlySet<string>
  readonly #url: string
  readonly #options: Client.Options
  readonly #pool: Pool

  constructor(url: string, settings: UpstreamSettings) {
    this.settings = settings
    this.extraHeaders = Object.entries(settings.headers).flat()
    this.#extraNames = new Set(Object.keys(settings.headers).map((name) => name.toLowerCase()))
    this.#url = url
    this.#options = {
      pipelining: 1,
      allowH2: false,
      connectTimeout: settings.connectTimeout * 1000,
      headersTimeout: settings.firstByteTimeout * 1000,
      bodyTimeout: settings.idleTimeout * 1000,
      keepAliveTimeout: settings.keepAlive * 1000,
      keepAliveMaxTimeout: settings.keepAlive * 1000,
    }
    this.#pool = new Pool(url, { ...this.#options, connections: null })
    this.#pool.on('connect', () => {
      this.connections += 1
    })
  }

  dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): void {
    this.#pool.dispatch(this.#withExtraHeaders(options), handler)
  }

  /** Sends on a connection of its own: where one kept connection was stale, the others may be as well. */
  dispatchFresh(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): void {
    const client = new Client(this.#url, this.#options)
    client.dispatch(this.#withExtraHeaders(options), handler)
    void client.close()
  }

  /** A small control request (probe, model list); the body is read as text. Rejects on network errors and timeout. */
  async get(path: string, timeoutSeconds: number): Promise<{ status: number; body: string }> {
    const signal = AbortSignal.timeout(timeoutSeconds * 1000)
    const answer = await this.#pool.request({ path, method: 'GET', headers: this.settings.headers, signal })
    return { status: answer.statusCode, body: await answer.body.text() }
  }

  /** A small control request with a JSON body; the answer's status. Rejects on network errors and timeout. */
  async post(path: string, body: string, headers: readonly string[], timeoutSeconds: number): Promise<number> {
    const signal = AbortSignal.timeout(timeoutSeconds * 1000)
    const all = [...headers, 'content-type', 'application/json']
    const answer = await this.#pool.request({
      ...this.#withExtraHeaders({ path, method: 'POST', headers: all, body }),
      signal,
    })
    await answer.body.dump()
    return answer.statusCode
  }

  /** The operator's headers for this endpoint replace the client's of the same name. */
  #withExtraHeaders(options: Dispatcher.DispatchOptions): Dispatcher.DispatchOptions {
    const { headers } = options
    if (this.extraHeaders.length === 0 || !isFlat(headers)) return options
    const kept: string[] = []
    for (let i = 0; i < headers.length; i += 2) {
      if (!this.#extraNames.has(headers[i]!.toLowerCase())) kept.push(headers[i]!, headers[i + 1]!)
    }
    return { ...options, headers: [...kept, ...this.extraHeaders] }
  }

  /** Drops the connections once their requests have ended. */
  close(): Promise<void> {
    return this.#pool.close()
  }

  destroy(): Promise<void> {
    return this.#pool.destroy()
  }
}

function isFlat(headers: Dispatcher.DispatchOptions['headers']): headers is string[] {
  return Array.isArray(headers)
}
