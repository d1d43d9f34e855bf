import type { Command } from 'commander'
import { z } from 'zod'
import { parseSource, sourceOptionsSchema } from '../bench/parse-source.ts'
import { InputError } from '../report/input-error.ts'
import { COUNT, NOT_NEGATIVE, readChoice, readNumber } from '../report/option-values.ts'
import type { LoadShape } from '../sim/matrix-settings.ts'
import { addGeneratorOptions } from './generator-options.ts'

const text = z.string().optional()

/** The options that say what load is simulated, as strings by name. */
export const loadOptionsSchema = z.object({
  ...sourceOptionsSchema.shape,
  model: text,
  loop: text,
  concurrency: text,
  thinkScale: text,
  jitter: text,
  requests: text,
  maxPrompt: text,
  outputCap: text,
  warmUp: text,
})

/** Adds the options that say what load is simulated. */
export function addLoadOptions(command: Command): void {
  command
    .option('--trace <path>', 'a Mooncake or Bailian file, a decision log, a coding-agent session, or a folder of them')
    .option('--trace-block-tokens <n>', "tokens of a block of a trace file, where it is not the publisher's usual")
    .option('--model <name>', 'keep the requests for this model of a decision log')
    .option(
      '--workload <kind>',
      'generate a workload: chat, tools, rag, single, groups, hot, bursts, agents or branches (default: chat)',
    )
    .option('--requests <n>', 'take at most this many requests')
    .option('--max-prompt <n>', 'leave out prompts of more tokens, and what follows them in their session')
    .option('--output-cap <n>', 'generate at most this many tokens per answer')
    .option('--loop <pacing>', 'open, sessions or closed (default: what fits the workload)')
    .option('--concurrency <n>', 'closed loop with this many sessions at once')
    .option('--think-scale <x>', 'multiply the time between an answer and the next turn (default: 1)')
    .option('--jitter <s>', 'spread the starts of sessions over this many seconds (default: 3 for Mooncake, else 0)')
    .option('--warm-up <share>', 'share of the requests that is not measured, such as 10% (default: 10%)')
  addGeneratorOptions(command)
}

/** Turns those options into a load. @throws InputError for the first that cannot be used */
export function parseLoadOptions(options: z.infer<typeof loadOptionsSchema>): LoadShape {
  const given = parseSource(options)
  const isTrace = given.kind === 'trace'
  if (!isTrace && options.model !== undefined) {
    throw new InputError('--model: expected a --trace whose requests name models, found a generated workload')
  }
  const cap = readNumber('--output-cap', options.outputCap, COUNT)
  const limit = readNumber('--max-tokens', options.maxTokens, COUNT)
  return {
    selection: {
      source: isTrace ? { ...given, model: options.model } : given,
      jitter: readNumber('--jitter', options.jitter, NOT_NEGATIVE),
      maxRequests: readNumber('--requests', options.requests, COUNT),
      maxSessions: isTrace ? readNumber('--sessions', options.sessions, COUNT) : undefined,
      maxPrompt: readNumber('--max-prompt', options.maxPrompt, COUNT),
      outputCap: isTrace && limit !== undefined ? Math.min(limit, cap ?? limit) : cap,
    },
    pacing: readChoice('--loop', options.loop, ['open', 'sessions', 'closed']),
    concurrency: readNumber('--concurrency', options.concurrency, COUNT),
    thinkScale: readNumber('--think-scale', options.thinkScale, NOT_NEGATIVE) ?? 1,
    warmUp: parseWarmUp(options.warmUp ?? '10%'),
  }
}

function parseWarmUp(given: string): number {
  const percent = given.endsWith('%')
  const value = Number(percent ? given.slice(0, -1) : given) / (percent ? 100 : 1)
  if (given.trim() !== '' && value >= 0 && value < 1) return value
  throw new InputError(`--warm-up: expected a share below 100 % such as 10% or 0.1, found ${given}`)
}
