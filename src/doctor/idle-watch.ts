import { connect as connectTcp, isIP, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { setTimeout as sleep } from 'node:timers/promises'

/** A connection that had one answer and is left alone. */
export interface IdleWatch extends Disposable {
  /** Seconds from the answer to the close by the endpoint; Infinity when it stayed open; undefined without an answer. */
  readonly seconds: Promise<number | undefined>
}

export interface IdleWatchOptions {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  /** How long it is watched, in seconds. */
  readonly most: number
}

/** Asks once for the list of models over a connection of its own and watches how long that stays open. Never rejects. */
export function watchIdle({ url, headers, most }: IdleWatchOptions): IdleWatch {
  const { hostname, port, protocol, host } = new URL(url)
  const secure = protocol === 'https:'
  const name = hostname.replace(/^\[|\]$/g, '')
  const target = { host: name, port: Number(port || (secure ? 443 : 80)) }
  const socket = secure
    ? connectTls({ ...target, ...(isIP(name) === 0 ? { servername: name } : {}) })
    : connectTcp(target)
  const lines = Object.entries(headers).map(([header, value]) => `${header}: ${value}\r\n`)
  socket.write(`GET /v1/models HTTP/1.1\r\nhost: ${host}\r\n${lines.join('')}\r\n`)
  const stop = new AbortController()
  return {
    seconds: closedAfter(socket, most, stop.signal),
    [Symbol.dispose]() {
      stop.abort()
      socket.destroy()
    },
  }
}

async function closedAfter(socket: Socket, most: number, signal: AbortSignal): Promise<number | undefined> {
  let answered: number | undefined
  socket.on('data', () => (answered = performance.now()))
  const closed = new Promise<'closed'>((resolve) => {
    socket.once('end', () => resolve('closed'))
    socket.once('close', () => resolve('closed'))
    socket.on('error', () => resolve('closed'))
  })
  const end = await Promise.race([closed, sleep(most * 1000, 'open', { signal }).catch(() => 'open')])
  const at = performance.now()
  socket.destroy()
  if (answered === undefined) return undefined
  return end === 'closed' ? (at - answered) / 1000 : Number.POSITIVE_INFINITY
}
