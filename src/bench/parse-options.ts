import { z } from 'zod'
import { workloadKinds } from '../workload/generator-knobs.ts'
import type { GeneratorKnobs } from '../workload/generator-knobs.ts'
import { BenchInputError } from './bench-input-error.ts'
import { COUNT, NOT_NEGATIVE, POSITIVE, readChoice, readNumber, SHARE } from './option-values.ts'
import type { NumberRule } from './option-values.ts'
import type { BenchSettings, LoadSource, Warmup } from './settings.ts'
import type { Slo } from './summarize.ts'

const text = z.string().optional()
const texts = z.array(z.string()).optional()

const optionsSchema = z.object({
  trace: text,
  traceBlockTokens: text,
  workload: text,
  model: text,
  route: text,
  loop: text,
  concurrency: text,
  speed: text,
  timeScale: text,
  jitter: text,
  requests: text,
  sessions: text,
  turns: text,
  systemLen: text,
  userLen: text,
  codeContextLen: text,
  codeShare: text,
  toolProb: text,
  toolLen: text,
  documents: text,
  docLen: text,
  promptLen: text,
  startJitterMs: text,
  turnGapMs: text,
  maxTokens: text,
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

/** Every generator setting with its flag and what it accepts. */
const knobRules: readonly { readonly name: keyof GeneratorKnobs; readonly flag: string; readonly rule: NumberRule }[] =
  [
    { name: 'sessions', flag: '--sessions', rule: COUNT },
    { name: 'turns', flag: '--turns', rule: COUNT },
    { name: 'systemLen', flag: '--system-len', rule: NOT_NEGATIVE },
    { name: 'userLen', flag: '--user-len', rule: NOT_NEGATIVE },
    { name: 'codeContextLen', flag: '--code-context-len', rule: NOT_NEGATIVE },
    { name: 'codeShare', flag: '--code-share', rule: SHARE },
    { name: 'toolProb', flag: '--tool-prob', rule: SHARE },
    { name: 'toolLen', flag: '--tool-len', rule: NOT_NEGATIVE },
    { name: 'documents', flag: '--documents', rule: COUNT },
    { name: 'docLen', flag: '--doc-len', rule: NOT_NEGATIVE },
    { name: 'promptLen', flag: '--prompt-len', rule: NOT_NEGATIVE },
    { name: 'startJitterMs', flag: '--start-jitter-ms', rule: NOT_NEGATIVE },
    { name: 'turnGapMs', flag: '--turn-gap-ms', rule: NOT_NEGATIVE },
    { name: 'maxTokens', flag: '--max-tokens', rule: COUNT },
  ]

const DEFAULT_SLOS: readonly Slo[] = [
  { ttft: 2, tpot: 0.025 },
  { ttft: 5, tpot: 0.1 },
]

/**
 * Turns the options of the command line into settings.
 * @param raw values by name as `commander` gives them; `command` is what reports show
 * @throws BenchInputError for the first option that cannot be used
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

function parseSource(options: Options): LoadSource {
  if (options.trace !== undefined && options.workload !== undefined) {
    throw new BenchInputError('--trace and --workload: expected one of them, found both')
  }
  if (options.trace !== undefined) {
    const blockTokens = readNumber('--trace-block-tokens', options.traceBlockTokens, COUNT)
    return { kind: 'trace', path: options.trace, blockTokens }
  }
  const workload = readChoice('--workload', options.workload, workloadKinds) ?? 'chat'
  return { kind: 'generator', workload, knobs: parseKnobs(options) }
}

function parseKnobs(options: Options): Partial<GeneratorKnobs> {
  const knobs: Partial<Record<keyof GeneratorKnobs, number>> = {}
  for (const { name, flag, rule } of knobRules) {
    const value = readNumber(flag, options[name], rule)
    if (value !== undefined) knobs[name] = value
  }
  return knobs
}

function parseSeeds(options: Options): number[] {
  const count = readNumber('--seeds', options.seeds, COUNT)
  if (count !== undefined && options.seed !== undefined) {
    throw new BenchInputError('--seeds and --seed: expected one of them, found both')
  }
  if (options.seed === undefined) return Array.from({ length: count ?? 1 }, (_, index) => index + 1)
  const seeds = options.seed.map((seed) => readNumber('--seed', seed, { whole: true, min: 0 }) ?? 0)
  if (new Set(seeds).size < seeds.length)
    throw new BenchInputError(`--seed: expected different seeds, found ${seeds.join(', ')}`)
  return seeds
}

function parseWarmup(given: string | undefined): Warmup {
  if (given?.endsWith('%') === true) {
    return { share: (readNumber('--warmup', given.slice(0, -1), { min: 0, max: 100 }) ?? 0) / 100 }
  }
  return { requests: readNumber('--warmup', given, { whole: true, min: 0 }) ?? 0 }
}

function parseSlo(given: string): Slo {
  const [ttft, tpot, more] = given.split(':')
  if (ttft === undefined || tpot === undefined || more !== undefined) {
    throw new BenchInputError(`--slo: expected seconds of TTFT and TPOT such as 2:0.025, found ${given}`)
  }
  return { ttft: readNumber('--slo', ttft, POSITIVE) ?? 0, tpot: readNumber('--slo', tpot, POSITIVE) ?? 0 }
}

function parseHeaders(options: Options): Record<string, string> {
  const headers: Record<string, string> = {}
  if (options.apiKey !== undefined) headers['authorization'] = `Bearer ${options.apiKey}`
  for (const given of options.header ?? []) {
    const colon = given.indexOf(':')
    if (colon <= 0) throw new BenchInputError(`--header: expected 'name: value', found ${given}`)
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
