import { connect } from 'node:net'
import { describeError } from './describe-error.ts'

/** Why no TCP connection to a port can be made; undefined when one can. Never rejects. */
export function tcpFault(host: string, port: number, timeout: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host, port })
    const end = (fault: string | undefined): void => {
      clearTimeout(timer)
      socket.destroy()
      resolve(fault)
    }
    const timer = setTimeout(() => end(`no connection within ${timeout} s`), timeout * 1000)
    socket.once('connect', () => end(undefined))
    socket.on('error', (error) => end(describeError(error)))
  })
}
