import type { Dealer, Publisher, Router, Subscriber } from 'zeromq'

/** Messages that may wait in a socket, either way, before it drops or blocks. */
const HIGH_WATER_MARK = 100_000
/** Milliseconds between two attempts to connect: the first pause, and the longest. */
const RECONNECT_MS = 100
const RECONNECT_MAX_MS = 1000
/** Seconds without traffic until the system asks, seconds between its questions, and how many go without an answer. */
const TCP_KEEPALIVE = { idle: 15, interval: 5, count: 3 }

/** When a peer that says nothing is asked for a sign of life, and when it counts as gone. In seconds. */
export interface Heartbeat {
  /** Between two questions. */
  readonly interval: number
  /** From a question to anything the peer sends. */
  readonly timeout: number
}

/**
 * A peer whose machine or network has gone says no goodbye, and a connection that only receives would wait for ever. The
 * answer comes from the library's own thread, so that an engine that is busy answers too.
 */
export const HEARTBEAT: Heartbeat = { interval: 5, timeout: 10 }

/** Opens sockets that give up unsent messages when closed. Whoever opens one closes it. */
export interface SocketFactory {
  subscriber(topic: string): Subscriber
  dealer(): Dealer
  publisher(): Publisher
  router(): Router
}

/**
 * Loads the native ZeroMQ library on first use: whoever has no KV events does not pay for it. Rejects when the library
 * does not exist for this machine.
 */
export async function loadZeromq(heartbeat: Heartbeat = HEARTBEAT): Promise<SocketFactory> {
  const zeromq = await import('zeromq').catch((cause: unknown) => {
    throw new Error(
      `KV events need the package zeromq, which could not be loaded on ${process.platform}-${process.arch}: ` +
        `reinstall it (npm install zeromq) or switch KV events off`,
      { cause },
    )
  })
  const receiving = {
    linger: 0,
    receiveHighWaterMark: HIGH_WATER_MARK,
    reconnectInterval: RECONNECT_MS,
    reconnectMaxInterval: RECONNECT_MAX_MS,
    heartbeatInterval: heartbeat.interval * 1000,
    heartbeatTimeout: heartbeat.timeout * 1000,
    // For peers too old to answer heartbeats, and for what lies between that forgets connections without traffic.
    tcpKeepalive: 1,
    tcpKeepaliveIdle: TCP_KEEPALIVE.idle,
    tcpKeepaliveInterval: TCP_KEEPALIVE.interval,
    tcpKeepaliveCount: TCP_KEEPALIVE.count,
  }
  const sending = { linger: 0, sendHighWaterMark: HIGH_WATER_MARK }
  return {
    subscriber(topic) {
      const socket = new zeromq.Subscriber({ ...receiving, ipv6: true })
      socket.subscribe(topic)
      return socket
    },
    dealer: () => new zeromq.Dealer({ ...receiving, ipv6: true }),
    publisher: () => new zeromq.Publisher({ ...sending, reconnectInterval: RECONNECT_MS }),
    router: () => new zeromq.Router(sending),
  }
}
