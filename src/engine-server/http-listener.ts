import type { RequestListener, Server } from 'node:http'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface ListenerOptions {
  /** 0 takes any free port, which is then kept. */
  readonly port: number
  readonly host: string
  readonly keepAliveSeconds: number
  /** A connection is closed with the answer to so many requests; it may serve any number by default. */
  readonly requestsPerConnection?: number | undefined
}

/** The HTTP side of an engine, which can go away and come back at the same port. */
export class HttpListener implements AsyncDisposable {
  /** True when it will not come back. */
  closed = false
  port = 0
  readonly #options: ListenerOptions
  readonly #handler: RequestListener
  #server: Server | undefined
  #endPause: (() => void) | undefined

  private constructor(options: ListenerOptions, handler: RequestListener) {
    this.#options = options
    this.#handler = handler
  }

  /** Rejects when it cannot listen there. */
  static async start(options: ListenerOptions, handler: RequestListener): Promise<HttpListener> {
    const listener = new HttpListener(options, handler)
    await listener.listen()
    return listener
  }

  get url(): string {
    const { host } = this.#options
    return `http://${host.includes(':') ? `[${host}]` : host}:${this.port}`
  }

  /** Listens at its port. Rejects when that is taken. */
  async listen(): Promise<void> {
    if (this.closed) return
    const server = createServer({ keepAliveTimeout: this.#options.keepAliveSeconds * 1000 }, this.#handler)
    // uvicorn closes an idle connection on the second, without grace.
    server.keepAliveTimeoutBuffer = 0
    server.maxRequestsPerSocket = this.#options.requestsPerConnection ?? null
    const { port } = await bound(server, { ...this.#options, port: this.port || this.#options.port })
    this.#server = server
    this.port = port
  }

  /** Drops all connections; resolves when the port is free. */
  async stop(): Promise<void> {
    const server = this.#server
    this.#server = undefined
    if (server === undefined) return
    const stopped = new Promise<void>((resolve) => server.close(() => resolve()))
    server.closeAllConnections()
    await stopped
  }

  /** Resolves after so many seconds, or at once when it is closed meanwhile. */
  async pause(seconds: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, seconds * 1000)
      this.#endPause = () => {
        clearTimeout(timer)
        resolve()
      }
    })
    this.#endPause = undefined
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.closed = true
    this.#endPause?.()
    await this.stop()
  }
}

function bound(server: Server, { port, host }: ListenerOptions): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) => {
      const reason = `the engine cannot listen on ${host}:${port}: ${cause.message}: choose another port or host`
      reject(new Error(reason, { cause }))
    })
    server.listen(port, host, () => {
      const address = server.address()
      if (typeof address === 'object' && address !== null) resolve(address)
    })
  })
}
