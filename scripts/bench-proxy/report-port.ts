import type { Server } from 'node:http'

/** Tells the process that forked this one where `server` listens, and ends when that process is gone or says so. */
export function reportPort(server: Server): void {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('expected a TCP port, found none')
  process.send?.({ port: address.port })
  process.on('disconnect', () => process.exit(0))
}
