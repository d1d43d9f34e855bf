import { randomBytes } from 'node:crypto'
import { endpointUrl } from '../config/endpoint-url.ts'
import type { DoctorTarget, KvEventAddresses } from '../doctor/doctor-options.ts'
import type { RunOptions } from '../doctor/run-doctor.ts'
import { dialled, isPulled } from '../doctor/kv-event-source.ts'
import { InputError } from '../report/input-error.ts'
import { NOT_NEGATIVE, POSITIVE, readNumber } from '../report/option-values.ts'

const TIMEOUT = 10
/** A second more than the usual time after which engines close an idle connection. */
const IDLE = 6

/** The options of `kvasir doctor` as they are written. */
export interface DoctorFlags {
  readonly model?: string
  readonly readOnly?: boolean
  readonly kvEvents?: readonly string[]
  readonly kvEventsReplay?: readonly string[]
  readonly tokenizer?: string
  readonly apiKey?: string
  readonly header?: readonly string[]
  readonly timeout?: string
  readonly idle?: string
  readonly json?: boolean
}

/** Reads the command line. @throws InputError that says what to correct */
export function readDoctorFlags(
  urls: readonly string[],
  flags: DoctorFlags,
): { readonly targets: DoctorTarget[]; readonly options: RunOptions } {
  const targets = readTargets(urls, flags)
  const options: RunOptions = {
    model: flags.model,
    headers: readHeaders(flags),
    readOnly: flags.readOnly === true,
    timeout: readNumber('--timeout', flags.timeout, POSITIVE) ?? TIMEOUT,
    idle: readNumber('--idle', flags.idle, NOT_NEGATIVE) ?? IDLE,
    tokenizerPath: flags.tokenizer,
    nonce: randomBytes(6).toString('hex'),
  }
  return { targets, options }
}

function readTargets(urls: readonly string[], { kvEvents, kvEventsReplay }: DoctorFlags): DoctorTarget[] {
  const origins = urls.map(readUrl)
  const twice = origins.find((url, i) => origins.indexOf(url) < i)
  if (twice !== undefined) throw new InputError(`expected different URLs, found ${twice} twice`)
  if (kvEvents === undefined && kvEventsReplay !== undefined) {
    throw new InputError('--kv-events-replay: expected --kv-events beside it, found none')
  }
  if (kvEvents?.includes('pull') === true && kvEventsReplay !== undefined) {
    throw new InputError('--kv-events-replay: expected none beside --kv-events pull: what is fetched is gone')
  }
  const events = readAddresses('--kv-events', kvEvents, origins.length)
  const replays = readAddresses('--kv-events-replay', kvEventsReplay, origins.length)
  const targets = origins.map((url, i) => {
    const address = events?.[i]
    if (address === undefined) return { url }
    const replay = replays?.[i]
    const addresses: KvEventAddresses = {
      address: dialled(address, url),
      replay: replay === undefined ? undefined : dialled(replay, url),
    }
    return { url, kvEvents: addresses }
  })
  refuseShared(targets)
  return targets
}

/** One stream of events is that of one engine. */
function refuseShared(targets: readonly DoctorTarget[]): void {
  const addresses = targets.flatMap(({ kvEvents }) =>
    kvEvents === undefined || isPulled(kvEvents) ? [] : [kvEvents.address],
  )
  const twice = addresses.find((address, i) => addresses.indexOf(address) < i)
  if (twice === undefined) return
  const expected = 'expected different addresses for different URLs'
  throw new InputError(`--kv-events: ${expected}, found ${twice} twice; give one for each URL`)
}

function readUrl(written: string): string {
  const read = endpointUrl().safeParse(written)
  if (read.success) return read.data
  throw new InputError(`${read.error.issues[0]?.message ?? 'expected a URL'}; found '${written}'`)
}

/** One address for each URL; a single one does for several when it names no host, as `pull` does. */
function readAddresses(
  flag: string,
  addresses: readonly string[] | undefined,
  urls: number,
): readonly string[] | undefined {
  if (addresses === undefined) return undefined
  for (const address of addresses) {
    const port = Number(/^tcp:\/\/[^/\s]+:(\d{1,5})$/.exec(address)?.[1])
    const pulled = flag === '--kv-events' && isPulled({ address })
    if (!(port >= 1 && port <= 65_535) && !/^ipc:\/\/./.test(address) && !pulled) {
      const other = flag === '--kv-events' ? ', or pull' : ''
      throw new InputError(
        `${flag}: expected an address such as tcp://10.0.0.7:5557 or tcp://*:5557${other}, found '${address}'`,
      )
    }
  }
  const [first] = addresses
  if (addresses.length === 1 && first !== undefined && (first.startsWith('tcp://*:') || first === 'pull')) {
    return Array.from({ length: urls }, () => first)
  }
  if (addresses.length === urls) return addresses
  const expected = `expected one address for each of the ${urls} URLs, in their order, or tcp://*:PORT for all`
  throw new InputError(`${flag}: ${expected}; found ${addresses.length}`)
}

function readHeaders({ apiKey, header = [] }: DoctorFlags): Record<string, string> {
  const headers: Record<string, string> = apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` }
  for (const line of header) {
    const [, name, value] = /^([\w!#$%&'*+.^`|~-]+):\s*(.*)$/.exec(line) ?? []
    // A value may be a secret, so it is not printed.
    if (name === undefined || value === undefined) throw new InputError("--header: expected 'name: value'")
    headers[name.toLowerCase()] = value
  }
  return headers
}
