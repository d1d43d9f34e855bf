import type { Subscriber } from 'zeromq'

const AGREED = ['handshake', 'handshake:error:protocol', 'handshake:error:other', 'handshake:error:auth'] as const

/**
 * Calls `onStranger` each time a connection ends with neither a handshake nor a fault of one: the other end is a ZeroMQ
 * socket that does not go with a subscriber, and the library gives its address up for good.
 */
export function watchStrangers(events: Subscriber['events'], onStranger: () => void): void {
  let open = false
  events.on('connect', () => (open = true))
  for (const event of AGREED) events.on(event, () => (open = false))
  events.on('disconnect', () => {
    if (open) onStranger()
    open = false
  })
}
