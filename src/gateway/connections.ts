import { Client, Pool } from 'undici'

/** Times are in seconds; 0 switches a timeout off. */
export interface ConnectionSettings {
  readonly connectTimeout: number
  readonly firstByteTimeout: number
  readonly idleTimeout: number
  /** Idle connections are dropped after this, before the engine closes them (uvicorn: 5 s). */
  readonly keepAlive: number
}

/** The pooled connections to one address, shared by the endpoints that are data-parallel ranks behind it. */
export class Connections {
  readonly pool: Pool
  /** Opened so far. */
  opened = 0
  readonly #url: string
  readonly #options: Client.Options
  #users = 0

  constructor(url: string, settings: ConnectionSettings) {
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
    this.pool = new Pool(url, { ...this.#options, connections: null })
    this.pool.on('connect', () => {
      this.opened += 1
    })
  }

  /** A connection that is in no pool. */
  single(): Client {
    return new Client(this.#url, this.#options)
  }

  /** One more uses them, and says `release` once when it does no longer. */
  use(): this {
    this.#users += 1
    return this
  }

  /** The last user to go closes them, once their requests have ended. */
  async release(): Promise<void> {
    this.#users -= 1
    if (this.#users === 0) await this.pool.close()
  }
}
