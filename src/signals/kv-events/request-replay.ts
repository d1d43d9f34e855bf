import { type EventMessage, readReplay, writeSeq } from './message-frames.ts'
import type { SocketFactory } from './zeromq-socket.ts'

/** Times in seconds. */
export interface ReplayLimits {
  /** Longest wait for the next answer. */
  readonly idle: number
  /** Longest time for one request. */
  readonly total: number
  /** Pause after requests that led to nothing. */
  readonly cooldown: number
}

export const REPLAY_LIMITS: ReplayLimits = { idle: 2, total: 120, cooldown: 30 }

export interface ReplayRequest {
  readonly address: string
  /** The first message asked for. */
  readonly from: number
  readonly limits: ReplayLimits
  readonly signal: AbortSignal
}

/** How a request ended: all answers came, the taker had enough, no answer came in time, or something else came. */
export type ReplayEnd = 'complete' | 'stopped' | 'timeout' | { readonly found: string }

/**
 * Asks an engine's replay socket for messages from some number on, over a connection of its own, and hands them to
 * `take` in the order of arrival until that returns false. Rejects only when the signal is aborted.
 */
export async function requestReplay(
  zeromq: SocketFactory,
  request: ReplayRequest,
  take: (message: EventMessage) => boolean,
): Promise<ReplayEnd> {
  const { address, from, limits, signal } = request
  signal.throwIfAborted()
  const dealer = zeromq.dealer()
  const close = () => dealer.close()
  signal.addEventListener('abort', close)
  try {
    const end = performance.now() + limits.total * 1000
    dealer.receiveTimeout = limits.idle * 1000
    dealer.connect(address)
    await dealer.send([new Uint8Array(0), writeSeq(from)])
    while (performance.now() < end) {
      const answer = readReplay(await dealer.receive())
      if (answer === 'end') return 'complete'
      if ('found' in answer) return answer
      if (!take(answer)) return 'stopped'
    }
    return 'timeout'
  } catch (error) {
    signal.throwIfAborted()
    if (isTimeout(error)) return 'timeout'
    return { found: error instanceof Error ? error.message : String(error) }
  } finally {
    signal.removeEventListener('abort', close)
    dealer.close()
  }
}

function isTimeout(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EAGAIN'
}
