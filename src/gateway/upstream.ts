import type { Dispatcher } from 'undici'
import { RANK_HEADER } from '../core/data-parallel-rank.ts'
import { Connections, type ConnectionSettings } from './connections.ts'

export interface UpstreamSettings extends ConnectionSettings {
  /** Headers added to every request, e.g. an engine's API key. */
  readonly headers: Readonly<Record<string, string>>
  /** Data-parallel rank that requests are for; the engine's choice when undefined. */
  readonly rank?: number | undefined
}

/** What is sent to one endpoint, over pooled connections. */
export class Upstream {
  readonly settings: UpstreamSettings
  /** Flat name, value list of what is added to every request. */
  readonly extraHeaders: readonly string[]
  readonly #extraNames: ReadonlySet<string>
  readonly #connections: Connections
  /** True when its connections are given up. */
  closed = false

  /** @param peer Another rank behind the same address, whose connections this one uses as well. */
  constructor(url: string, settings: UpstreamSettings, peer?: Upstream) {
    this.settings = settings
    const { headers, rank } = settings
    this.extraHeaders = [...Object.entries(headers).flat(), ...(rank === undefined ? [] : [RANK_HEADER, String(rank)])]
    this.#extraNames = new Set(this.extraHeaders.filter((_, i) => i % 2 === 0).map((name) => name.toLowerCase()))
    this.#connections = (peer === undefined ? new Connections(url, settings) : peer.#connections).use()
  }

  /** Connections opened so far: a request during which it stays the same went out on a kept one. */
  get connections(): number {
    return this.#connections.opened
  }

  dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): void {
    this.#connections.pool.dispatch(this.#withExtraHeaders(options), handler)
  }

  /** Sends on a connection of its own: where one kept connection was stale, the others may be as well. */
  dispatchFresh(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): void {
    const client = this.#connections.single()
    client.dispatch(this.#withExtraHeaders(options), handler)
    void client.close()
  }

  /** A small control request (probe, model list); the body is read as text. Rejects on network errors and timeout. */
  async get(path: string, timeoutSeconds: number): Promise<{ status: number; body: string }> {
    const signal = AbortSignal.timeout(timeoutSeconds * 1000)
    const answer = await this.#connections.pool.request({ path, method: 'GET', headers: this.settings.headers, signal })
    return { status: answer.statusCode, body: await answer.body.text() }
  }

  /** A small control request with a JSON body; the answer's status. Rejects on network errors and timeout. */
  async post(path: string, body: string, headers: readonly string[], timeoutSeconds: number): Promise<number> {
    const signal = AbortSignal.timeout(timeoutSeconds * 1000)
    const all = [...headers, 'content-type', 'application/json']
    const answer = await this.#connections.pool.request({
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

  /** Drops the connections once their requests have ended, and no other rank uses them. */
  async close(): Promise<void> {
    if (this.closed) return
    this.closed = true
    await this.#connections.release()
  }

  destroy(): Promise<void> {
    return this.#connections.pool.destroy()
  }
}

function isFlat(headers: Dispatcher.DispatchOptions['headers']): headers is string[] {
  return Array.isArray(headers)
}
