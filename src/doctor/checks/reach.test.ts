import { connect, createServer, type Socket } from 'node:net'
import { once } from 'node:events'
import { expect, test } from 'vitest'
import { quickest } from './reach.ts'

test('a slow connection is tried again, and the shortest time counts', async () => {
  const server = createServer((socket) => socket.on('error', () => {}))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0
  let connections = 0
  const again = async (): Promise<Socket> => {
    connections++
    const socket = connect({ host: '127.0.0.1', port })
    await once(socket, 'connect')
    return socket
  }
  expect(await quickest(3, again)).toBe(3)
  expect(connections).toBe(0)
  expect(await quickest(60_000, again)).toBeLessThan(60_000)
  expect(connections).toBeGreaterThan(0)
  expect(await quickest(60_000, () => Promise.reject(new Error('refused')))).toBe(60_000)
  server.close()
})
