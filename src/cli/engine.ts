import { Command, InvalidArgumentError } from 'commander'
import { TOKENS, parseQuantity } from '../config/quantity.ts'
import type { EngineOptions } from '../engine-server/engine-options.ts'
import { NO_FAULTS } from '../engine-server/faults.ts'
import { startEngineServer } from '../engine-server/start-engine-server.ts'
import { DEFAULT_PROFILE, PROFILE_NAMES, profileNamed } from '../engine/profiles.ts'

interface EngineFlags {
  readonly port: number
  readonly host: string
  readonly model: string
  readonly profile: string
  readonly kvTokens?: number
  readonly blockSize?: number
  readonly speed: number
  readonly maxModelLen: number
  readonly maxQueuedRequests?: number
  readonly seed: number
  readonly defaultOutputTokens: number
  readonly earlyStop: number
  readonly keepAlive: number
  readonly slow: number
  readonly stallAfter?: number
  readonly resetAfter?: number
  readonly truncateAfter?: number
  readonly errorRate: number
  readonly errorStatus: number
  readonly reject429: number
  readonly startupDelay: number
}

/** `kvasir engine`: a simulated engine behind vLLM's HTTP interface. */
export function engineCommand(): Command {
  const command = new Command('engine')
    .description('Runs a simulated engine: the timing and the prefix cache of a GPU behind the interface of vLLM.')
    .option('--port <port>', 'port to listen on; 0 takes any free one', whole(0, 65_535), 8000)
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .option('--model <name>', 'name of the served model', 'simulated')
    .option('--profile <name>', 'model and GPU whose timing it has', profileName, DEFAULT_PROFILE)
    .option('--kv-tokens <tokens>', 'size of the KV cache, such as 300k or 1M (the profile knows)', tokens)
    .option('--block-size <tokens>', 'tokens of a KV block (the profile knows)', whole(1, 1024))
    .option('--speed <factor>', 'how much faster than real time it lives', positive, 1)
    .option('--max-model-len <tokens>', 'most tokens of prompt and answer together', tokens, 131_072)
    .option('--max-queued-requests <count>', 'refuse requests with 503 when so many wait', whole(0))
    .option('--seed <number>', 'what answers and chances follow from', whole(0), 0)
    .option('--default-output-tokens <tokens>', 'length of answers whose request names none', whole(1), 128)
    .option('--early-stop <share>', 'share of answers that end before their limit', share, 0)
    .option('--keep-alive <seconds>', 'idle time after which a connection is closed', positive, 5)
    .option('--startup-delay <seconds>', 'time after the start in which it answers 503', notNegative, 0)
  return withFaults(command)
    .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2))
    .action((flags: EngineFlags) => run(flags))
}

function withFaults(command: Command): Command {
  return command
    .option('--slow <factor>', 'fault: every step takes so much longer', positive, NO_FAULTS.slow)
    .option('--stall-after <tokens>', 'fault: streams go silent after so many tokens', whole(0))
    .option('--reset-after <tokens>', 'fault: connections are reset after so many tokens', whole(0))
    .option('--truncate-after <tokens>', 'fault: connections end in the middle after so many tokens', whole(0))
    .option('--error-rate <share>', 'fault: share of requests that fail', share, NO_FAULTS.errorRate)
    .option('--error-status <status>', 'status of the requests that fail', whole(400, 599), NO_FAULTS.errorStatus)
    .option('--reject-429 <share>', 'fault: share of requests that are refused with 429', share, NO_FAULTS.reject429)
}

async function run(flags: EngineFlags): Promise<void> {
  const engine = await startEngineServer(optionsOf(flags)).catch((error: Error) => {
    process.stderr.write(`error: ${error.message}\n`)
    process.exit(1)
  })
  process.stdout.write(`engine ready on ${engine.url}\n`)
  const stop = (): void => {
    void engine.close().then(() => process.exit(0))
  }
  process.once('SIGTERM', stop)
  process.once('SIGINT', stop)
  // A parent that started the engine with a channel takes it along when it goes.
  if (process.channel !== undefined) process.once('disconnect', stop)
}

function optionsOf(flags: EngineFlags): EngineOptions {
  const profile = profileNamed(flags.profile)
  return {
    port: flags.port,
    host: flags.host,
    model: flags.model,
    profile: {
      ...profile,
      kvTokens: flags.kvTokens ?? profile.kvTokens,
      blockSize: flags.blockSize ?? profile.blockSize,
    },
    speed: flags.speed,
    maxModelLen: flags.maxModelLen,
    ...(flags.maxQueuedRequests === undefined ? {} : { maxQueuedRequests: flags.maxQueuedRequests }),
    seed: flags.seed,
    defaultOutputTokens: flags.defaultOutputTokens,
    earlyStop: flags.earlyStop,
    keepAliveSeconds: flags.keepAlive,
    startupDelay: flags.startupDelay,
    faults: {
      ...NO_FAULTS,
      slow: flags.slow,
      stallAfter: flags.stallAfter ?? null,
      resetAfter: flags.resetAfter ?? null,
      truncateAfter: flags.truncateAfter ?? null,
      errorRate: flags.errorRate,
      errorStatus: flags.errorStatus,
      reject429: flags.reject429,
    },
  }
}

function profileName(name: string): string {
  if (PROFILE_NAMES.includes(name)) return name
  throw new InvalidArgumentError(`Choose one of ${PROFILE_NAMES.join(', ')}.`)
}

function tokens(text: string): number {
  const value = parseQuantity(TOKENS, text)
  if (value === undefined || value < 1) throw new InvalidArgumentError(`Expected ${TOKENS.expected}.`)
  return value
}

function whole(low: number, high = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const value = Number(text)
    if (/^\d+$/.test(text) && value >= low && value <= high) return value
    const range = high === Number.MAX_SAFE_INTEGER ? `of ${low} or more` : `from ${low} to ${high}`
    throw new InvalidArgumentError(`Expected a whole number ${range}.`)
  }
}

function positive(text: string): number {
  return numeric(text, (value) => value > 0, 'a number above 0')
}

function notNegative(text: string): number {
  return numeric(text, (value) => value >= 0, 'a number of 0 or more')
}

function share(text: string): number {
  return numeric(text, (value) => value >= 0 && value <= 1, 'a share from 0 to 1')
}

function numeric(text: string, fits: (value: number) => boolean, expected: string): number {
  const value = Number(text)
  if (text.trim() !== '' && Number.isFinite(value) && fits(value)) return value
  throw new InvalidArgumentError(`Expected ${expected}.`)
}
