import { lookup } from 'node:dns/promises'
import { connect as connectTcp, isIP, type Socket } from 'node:net'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import type { Check, CheckResult } from '../check.ts'
import { describeError, errorCode } from '../describe-error.ts'
import { note, ok, problem, type Finding } from '../finding.ts'

const FAR_MS = 50
/** A slow connection is tried so often altogether: one alone may have waited for a busy machine. */
const TRIES = 3
const CERTIFICATE_DAYS = 14
const DAY_MS = 86_400_000

/** What connecting brought. Times in ms. */
export interface Reached {
  readonly host: string
  readonly port: number
  readonly addresses: readonly string[]
  readonly lookupMs: number
  readonly connectMs: number
  readonly tls?: { readonly ms: number; readonly protocol: string; readonly daysLeft: number | undefined }
}

/** Name, TCP and TLS, each by itself, so that it is plain which of them fails. */
export const reachCheck: Check = {
  id: 'reach',
  title: 'reachable',
  async run({ url, options: { timeout } }) {
    const { hostname, port, protocol } = new URL(url)
    const host = hostname.replace(/^\[|\]$/g, '')
    const secure = protocol === 'https:'
    const portNumber = Number(port || (secure ? 443 : 80))
    const looked = await timed(() => lookup(host, { all: true }))
    if ('error' in looked) return failed(nameFinding(host, looked.error))
    const addresses = [...new Set(looked.value.map(({ address }) => address))]
    const connected = await timed(() => opened(connectTcp({ host, port: portNumber }), 'connect', timeout))
    if ('error' in connected) return failed(connectFinding(host, portNumber, connected.error))
    connected.value.destroy()
    const connectMs = await quickest(connected.ms, () =>
      opened(connectTcp({ host, port: portNumber }), 'connect', timeout),
    )
    const base = { host, port: portNumber, addresses, lookupMs: looked.ms, connectMs }
    if (!secure) return { findings: describeReached(base) }
    const name = isIP(host) === 0 ? { servername: host } : {}
    const socket = connectTls({ host, port: portNumber, ...name })
    const shaken = await timed(() => opened(socket, 'secureConnect', timeout))
    if ('error' in shaken) return failed(tlsFinding(host, portNumber, shaken.error))
    const tls = { ms: shaken.ms, protocol: socket.getProtocol() ?? 'TLS', daysLeft: daysLeft(socket) }
    socket.destroy()
    return { findings: describeReached({ ...base, tls }) }
  },
}

/** What a connection that could be made means. */
export function describeReached({ host, port, addresses, lookupMs, connectMs, tls }: Reached): Finding[] {
  const where =
    addresses.length === 1 && addresses[0] === host ? `${host}:${port}` : `${addresses.join(', ')} port ${port}`
  const name = isIP(host) === 0 ? `name in ${ms(lookupMs)}, ` : ''
  const secured = tls === undefined ? '' : `, ${tls.protocol} in ${ms(tls.ms)}`
  const findings = [ok('reach.connected', `${where}: ${name}connected in ${ms(connectMs)}${secured}`)]
  const several = new Set(addresses.filter((address) => isIP(address) === 4))
  if (several.size > 1) {
    const advice = 'give each engine its own URL: behind a shared name the router cannot choose which one it gets'
    findings.push(note('reach.several-addresses', `${host} stands for ${several.size} addresses`, advice))
  }
  if (connectMs > FAR_MS) {
    const advice = 'put the router near the engines: every request pays this way'
    findings.push(note('reach.far', `a connection takes ${ms(connectMs)}`, advice))
  }
  if (tls?.daysLeft !== undefined && tls.daysLeft < CERTIFICATE_DAYS) {
    findings.push(note('reach.certificate', `its certificate ends in ${tls.daysLeft} days`, 'renew it'))
  }
  return findings
}

function nameFinding(host: string, error: unknown): Finding {
  const advice = `correct the host in the URL, or teach the name server of this machine the name ${host}`
  return problem('reach.name', `${host}: ${describeError(error)}`, advice)
}

function connectFinding(host: string, port: number, error: unknown): Finding {
  const refused = errorCode(error) === 'ECONNREFUSED' || (error instanceof AggregateError && errorCode(error) === '')
  const advice = refused
    ? 'start the engine, with --host 0.0.0.0 where it is to be reached from other machines; check the port'
    : 'check address, firewall and network policy between here and there'
  return problem('reach.connect', `${host} port ${port}: ${describeError(error)}`, advice)
}

function tlsFinding(host: string, port: number, error: unknown): Finding {
  const words = describeError(error)
  const advice = words.includes('certificate')
    ? 'give Node the authority with NODE_EXTRA_CA_CERTS=FILE, or correct the certificate'
    : 'write http:// where the engine speaks plain HTTP'
  return problem('reach.tls', `${host} port ${port}: ${words}`, advice)
}

function failed(finding: Finding): CheckResult {
  return { findings: [finding], stop: true }
}

function daysLeft(socket: TLSSocket): number | undefined {
  const end = Date.parse(socket.getPeerCertificate().valid_to ?? '')
  return Number.isNaN(end) ? undefined : Math.floor((end - Date.now()) / DAY_MS)
}

function opened<S extends Socket>(socket: S, event: 'connect' | 'secureConnect', timeout: number): Promise<S> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => socket.destroy(new Error(`no connection within ${timeout} s`)), timeout * 1000)
    socket.once(event, () => {
      clearTimeout(timer)
      resolve(socket)
    })
    socket.on('error', (error) => {
      clearTimeout(timer)
      reject(error)
    })
  })
}

type Timed<T> = { readonly value: T; readonly ms: number } | { readonly error: unknown }

async function timed<T>(job: () => Promise<T>): Promise<Timed<T>> {
  const start = performance.now()
  try {
    return { value: await job(), ms: performance.now() - start }
  } catch (error) {
    return { error }
  }
}

/** The shortest time of a few connections, where the first one took long. In ms. */
export async function quickest(firstMs: number, connect: () => Promise<Socket>): Promise<number> {
  let least = firstMs
  for (let tried = 1; tried < TRIES && least > FAR_MS; tried++) {
    const again = await timed(connect)
    if ('error' in again) return least
    again.value.destroy()
    least = Math.min(least, again.ms)
  }
  return least
}

function ms(value: number): string {
  return `${value < 10 ? value.toFixed(1) : value.toFixed(0)} ms`
}
