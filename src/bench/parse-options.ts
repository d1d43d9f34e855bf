import { z } from 'zod'
import { InputError } from '../report/input-error.ts'
import { COUNT, NOT_NEGATIVE, POSITIVE, readChoice, readNumber } from '../report/option-values.ts'
import { DEFAULT_SLOS } from '../stats/slo.ts'
import { parseSlo } from './parse-slo.ts'
import { parseSource, sourceOptionsSchema } from './parse-source.ts'
import type { BenchSettings, Warmup } from './settings.ts'

const text = z.string().optional()
const texts = z.array(z.string()).optional()

const optionsSchema = z.object({
  ...sourceOptionsSchema.shape,
  model: text,
  route: text,
  loop: text,
  concurrency: text,
  speed: text,
  timeScale: text,
  jitter: text,
  requests: text,
  outputCap: text,
  maxPrompt: text,
  warmup: text,
  seeds: text,
  seed: texts,
  sharedText: z.boolean().default(false),
  salt: z.string().default(''),
  ignoreEos: z.boolean().default(false),
  slo: texts,
  timeout: text,
  apiKey: text,
  header: texts,
  sessionHeader: text,
  label: text,
})

type Options = z.infer<typeof optionsSchema>

/**
 * Turns the options of the command line into settings.
 * @param raw values by name as `commander` gives them; `command` is what reports show
 * @throws InputError for the first option that cannot be used
 */
export function parseBenchOptions(url: string, raw: unknown, command: readonly string[]): BenchSettings {
  const options = optionsSchema.parse(raw)
  const source = parseSource(options)
  const isTrace = source.kind === 'trace'
  const cap = readNumber('--output-cap', options.outputCap, COUNT)
  const limit = readNumber('--max-tokens', options.maxTokens, COUNT)
  return {
    url,
    headers: parseHeaders(options),
    source,
    model: options.model,
    route: readChoice('--route', options.route, ['chat', 'completions']) ?? 'chat',
    pacing: readChoice('--loop', options.loop, ['open', 'sessions', 'closed']),
    concurrency: readNumber('--concurrency', options.concurrency, COUNT),
    speed: readNumber('--speed', options.speed, POSITIVE) ?? 1,
    timeScale: readNumber('--time-scale', options.timeScale, POSITIVE) ?? 1,
    jitter: readNumber('--jitter', options.jitter, NOT_NEGATIVE),
    maxRequests: readNumber('--requests', options.requests, COUNT),
    maxSessions: isTrace ? readNumber('--sessions', options.sessions, COUNT) : undefined,
    maxPrompt: readNumber('--max-prompt', options.maxPrompt, COUNT),
    outputCap: isTrace && limit !== undefined ? Math.min(limit, cap ?? limit) : cap,
    warmup: parseWarmup(options.warmup),
    seeds: parseSeeds(options),
    salt: options.salt,
    sharedText: options.sharedText,
    ignoreEos: options.ignoreEos,
    slos: options.slo === undefined ? DEFAULT_SLOS : options.slo.map(parseSlo),
    timeout: readNumber('--timeout', options.timeout, POSITIVE) ?? 600,
    sessionHeader: options.sessionHeader,
    label: options.label ?? url.replace(/^https?:\/\//, ''),
    command,
  }
}

function parseSeeds(options: Options): number[] {
  const count = readNumber('--seeds', options.seeds, COUNT)
  if (count !== undefined && options.seed !== undefined) {
    throw new InputError('--seeds and --seed: expected one of them, found both')
  }
  if (options.seed === undefined) return Array.from({ length: count ?? 1 }, (_, index) => index + 1)
  const seeds = options.seed.map((seed) => readNumber('--seed', seed, { whole: true, min: 0 }) ?? 0)
  if (new Set(seeds).size < seeds.length)
    throw new InputError(`--seed: expected different seeds, found ${seeds.join(', ')}`)
  return seeds
}

function parseWarmup(given: string | undefined): Warmup {
  if (given?.endsWith('%') === true) {
    return { share: (readNumber('--warmup', given.slice(0, -1), { min: 0, max: 100 }) ?? 0) / 100 }
  }
  return { requests: readNumber('--warmup', given, { whole: true, min: 0 }) ?? 0 }
}

function parseHeaders(options: Options): Record<string, string> {
  const headers: Record<string, string> = {}
  if (options.apiKey !== undefined) headers['authorization'] = `Bearer ${options.apiKey}`
  for (const given of options.header ?? []) {
    const colon = given.indexOf(':')
    if (colon <= 0) throw new InputError(`--header: expected 'name: value', found ${given}`)
    headers[given.slice(0, colon).trim().toLowerCase()] = given.slice(colon + 1).trim()
  }
  return headers
}

/** The arguments with the values of secrets left out, for reports. */
export function withoutSecrets(args: readonly string[]): string[] {
  const secret = (flag: string | undefined) => flag === '--api-key' || flag === '--header'
  return args.map((arg, index) => {
    if (secret(args[index - 1])) return '...'
    const equals = arg.indexOf('=')
    return equals > 0 && secret(arg.slice(0, equals)) ? `${arg.slice(0, equals)}=...` : arg
  })
}
