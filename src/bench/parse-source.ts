import { z } from 'zod'
import { InputError } from '../report/input-error.ts'
import { COUNT, NOT_NEGATIVE, readChoice, readNumber, SHARE } from '../report/option-values.ts'
import type { NumberRule } from '../report/option-values.ts'
import { workloadKinds } from '../workload/generator-knobs.ts'
import type { GeneratorKnobs } from '../workload/generator-knobs.ts'
import type { LoadSource } from '../workload/plan-workload.ts'

const text = z.string().optional()

/** The options that say where requests come from, as strings by name. */
export const sourceOptionsSchema = z.object({
  trace: text,
  traceBlockTokens: text,
  workload: text,
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
  groups: text,
  hotShare: text,
  burst: text,
  forkProb: text,
  forks: text,
  agentTurns: text,
  startJitterMs: text,
  turnGapMs: text,
  maxTokens: text,
})

/** Those options, parsed. */
export type SourceOptions = z.infer<typeof sourceOptionsSchema>

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
    { name: 'groups', flag: '--groups', rule: COUNT },
    { name: 'hotShare', flag: '--hot-share', rule: SHARE },
    { name: 'burst', flag: '--burst', rule: COUNT },
    { name: 'forkProb', flag: '--fork-prob', rule: SHARE },
    { name: 'forks', flag: '--forks', rule: COUNT },
    { name: 'agentTurns', flag: '--agent-turns', rule: COUNT },
    { name: 'startJitterMs', flag: '--start-jitter-ms', rule: NOT_NEGATIVE },
    { name: 'turnGapMs', flag: '--turn-gap-ms', rule: NOT_NEGATIVE },
    { name: 'maxTokens', flag: '--max-tokens', rule: COUNT },
  ]

/**
 * Reads where requests come from: a trace, or a generator with its settings (`chat` where neither is named).
 * @throws InputError
 */
export function parseSource(options: SourceOptions): LoadSource {
  if (options.trace !== undefined && options.workload !== undefined) {
    throw new InputError('--trace and --workload: expected one of them, found both')
  }
  if (options.trace !== undefined) {
    const blockTokens = readNumber('--trace-block-tokens', options.traceBlockTokens, COUNT)
    return { kind: 'trace', path: options.trace, blockTokens }
  }
  const workload = readChoice('--workload', options.workload, workloadKinds) ?? 'chat'
  return { kind: 'generator', workload, knobs: parseKnobs(options) }
}

function parseKnobs(options: SourceOptions): Partial<GeneratorKnobs> {
  const knobs: Partial<Record<keyof GeneratorKnobs, number>> = {}
  for (const { name, flag, rule } of knobRules) {
    const value = readNumber(flag, options[name], rule)
    if (value !== undefined) knobs[name] = value
  }
  return knobs
}
