import { describeEnvironment } from '../../src/bench/environment.ts'
import { formatCount, formatNumber, formatShare } from '../../src/report/format-number.ts'
import { currentCommit } from '../current-commit.ts'
import { markdownTable } from '../results/table.ts'
import { type Bin, binsOf, compared, difference, figuresOf, isEqual, isLong, recoverySeconds } from './figures.ts'
import type { ArmResult, RequestResult } from './request-result.ts'
import {
  type ArmName,
  BIN_SECONDS,
  BLOCK,
  CALM_BINS,
  DOWN_SECONDS,
  ENGINES,
  EVENT_DROP,
  KILLED,
  KV_TOKENS,
  SEED,
  SPEED,
  TARGET_RECOVERY,
  TARGET_SHARE,
  TRACE,
  TRACE_BLOCK,
  WARM_UP,
} from './settings.ts'

/** Unequal requests of a run that are listed. */
const LISTED = 12
/** How long killed engines are looked at by themselves once they are back. */
const AFTER_SECONDS = 20

const NAMES: Readonly<Record<ArmName, string>> = {
  exact: 'KV events',
  predicted: 'prediction alone',
  faults: 'KV events, with faults',
}

/** The lines of the page. */
export function exactPage(results: Readonly<Record<ArmName, ArmResult>>, command: string): string[] {
  return [
    ...head(results, command),
    ...verdicts(results),
    ...mainTable(results),
    ...outage(results.faults),
    ...causes(),
    ...unequal(results),
  ]
}

function head({ exact }: Readonly<Record<ArmName, ArmResult>>, command: string): string[] {
  const { cpu, cores, node } = describeEnvironment()
  return [
    '# What the router believes to be cached, and what engines find',
    '',
    `Written by \`${command}\`, commit ${currentCommit()}, on ${cpu} with ${cores} cores, Node ${node}.`,
    '',
    `${ENGINES} simulated engines (\`kvasir engine\`, ${KV_TOKENS} tokens of KV cache each in blocks of ${BLOCK}, vLLM's form of KV events with replay) and the router`,
    `(\`kvasir start\`), each a process of its own. The load is the first ${formatCount(exact.requests.length)} requests of the conversation trace (\`${TRACE}\`), sent as streamed`,
    `completions at their recorded times over real sockets (jitter of 3 s, seed ${SEED}). Engines and arrivals are ${SPEED} times as fast as recorded; all times below are`,
    'wall seconds. Prompts are token ids, so that router and engines cannot disagree on tokens. Each run has fresh engines and a fresh router; the runs',
    'differ in whether the configuration names the KV events, and in the faults.',
    '',
    'Compared is, for each request, what the decision said (`x-kvasir-matched-tokens` of the answer) with what the engine counted',
    '(`cached_tokens` in its usage). An engine always computes the last token of a prompt again, with the block it is in; that is taken away from the',
    `decision's figure. **Equal** means that the rest differs by less than one block, ${BLOCK} tokens: where both are whole blocks, that there is no difference.`,
    '',
  ]
}

function verdicts({ exact, predicted, faults }: Readonly<Record<ArmName, ArmResult>>): string[] {
  const share = figuresOf(compared(exact)).share
  const recovery = recoverySeconds(binsOf(compared(faults)), faults.killed ?? 0)
  const losses = lostOf(faults)
  const verdict = (passed: boolean, text: string): string => `- ${passed ? '**pass**' : '**FAIL**'} ${text}`
  return [
    '## Targets',
    '',
    verdict(
      share >= TARGET_SHARE,
      `equality of at least ${formatShare(TARGET_SHARE)} by KV events: ${percent(share)} (prediction alone: ${percent(figuresOf(compared(predicted)).share)})`,
    ),
    verdict(
      recovery !== undefined && recovery <= TARGET_RECOVERY,
      `equality back above ${formatShare(TARGET_SHARE)} within ${TARGET_RECOVERY} s of two engines being killed: ${recoveryText(recovery)}`,
    ),
    verdict(
      losses.refused === 0,
      `no request answered with an error or not at all: ${losses.refused} of ${faults.requests.length}; ${losses.broken} more broke off in the middle of their answers (see below)`,
    ),
    '',
  ]
}

function recoveryText(recovery: number | undefined): string {
  if (recovery === undefined) return 'not in this run'
  return recovery === 0 ? 'at once, the bin of the kill included' : `after ${formatNumber(recovery)} s`
}

function mainTable(results: Readonly<Record<ArmName, ArmResult>>): string[] {
  const rows = Object.entries(NAMES).map(([name, title]) => {
    const result = results[name === 'exact' || name === 'predicted' ? name : 'faults']
    const { requests, share, error, over, under, worst, cached } = figuresOf(compared(result))
    const long = figuresOf(compared(result).filter(isLong))
    return [
      title,
      formatCount(requests),
      percent(share),
      `${percent(long.share)} of ${formatCount(long.requests)}`,
      formatNumber(error),
      String(over),
      String(under),
      formatCount(worst),
      formatShare(cached),
      String(sentAgain(result)),
    ]
  })
  const header = [
    '',
    'compared',
    'equal',
    'equal of longer matches',
    'mean error, tokens',
    'said too much',
    'too little',
    'worst, tokens',
    'tokens cached',
    'sent again',
  ]
  const late = Math.max(...Object.values(results).map(({ lag }) => lag))
  return [
    '## All requests',
    '',
    ...markdownTable(header, rows),
    '',
    `The mean error is over all compared requests, equal ones included. ${WARM_UP} requests that share nothing with these warmed engines and router up beforehand.`,
    `Longer matches are those of which router or engine says at least ${2 * TRACE_BLOCK} tokens: all prompts share the first ${TRACE_BLOCK}, and most no more.`,
    'Sent again are requests whose first endpoint could not be reached or broke off before it answered.',
    `The client sent no request more than ${formatNumber(late * 1000)} ms late.`,
    '',
  ]
}

/** The compared requests that went to the killed engines soon after they were back. */
function afterReturn(result: ArmResult): RequestResult[] {
  const { back = 0 } = result
  const victims = new Set(KILLED.map((index) => `e${index}`))
  return compared(result).filter(
    ({ endpoint, sent }) => victims.has(endpoint) && sent >= back && sent < back + AFTER_SECONDS,
  )
}

/** Requests that took more than one attempt: the first endpoint could not be reached or failed before it answered. */
function sentAgain({ attempts }: ArmResult): number {
  return Object.entries(attempts).reduce((sum, [tried, count]) => sum + (Number(tried) > 1 ? count : 0), 0)
}

interface Lost {
  /** Answered with an error, or not at all. */
  readonly refused: number
  /** Broken off after the first bytes of an answer. */
  readonly broken: number
}

function lostOf({ requests }: ArmResult): Lost {
  const incomplete = requests.filter(({ complete }) => !complete)
  const refused = incomplete.filter(({ status }) => status !== 200).length
  return { refused, broken: incomplete.length - refused }
}

function outage(result: ArmResult): string[] {
  const { killed = 0, back = 0, messages, modes } = result
  const bins = binsOf(compared(result))
  const { refused, broken } = lostOf(result)
  const after = figuresOf(afterReturn(result))
  const ids = KILLED.map((index) => `\`e${index}\``).join(' and ')
  const delivered = Object.entries(messages).map(([kind, count]) => `${formatCount(count)} ${kind}`)
  return [
    '## Two engines killed, events dropped',
    '',
    `${formatShare(EVENT_DROP)} of all KV event messages are not sent (the history for replay has them). ${formatNumber(killed)} s after the first request ${ids} are killed`,
    `(SIGKILL), and started again ${DOWN_SECONDS} s later with empty caches; the last one listens ${formatNumber(back - killed)} s after the kill.`,
    '',
    `- Requests that were sent again elsewhere: ${sentAgain(result)}, all answered with 200 unless counted in the next line.`,
    `- Answered with an error or not at all: ${refused}. Broken off in the middle of an answer whose beginning the client had already: ${broken}; no router can`,
    '  send these again without repeating tokens.',
    `- Messages of KV events: ${delivered.join(', ')}.`,
    `- At the end: ${Object.entries(modes)
      .map(([id, mode]) => `${id} ${mode}`)
      .join(', ')}.`,
    `- Of the ${formatCount(after.requests)} requests that went to these two in the ${AFTER_SECONDS} s after they listened again, ${formatCount(after.equal)} were equal.`,
    '',
    `Equality by when requests were sent, in bins of ${BIN_SECONDS} s. It counts as back at the first bin that reaches ${formatShare(TARGET_SHARE)} and does so together with`,
    `the ${CALM_BINS - 1} behind it.`,
    '',
    ...binTable(bins, killed, back),
    '',
  ]
}

/** Why the figures can differ although every event is taken in. */
function causes(): string[] {
  return [
    '## Why they can differ',
    '',
    '- **A decision comes before the admission.** While a request waits in front of an engine, the engine may evict what was matched, or admit',
    '  another prompt first than was sent first. The router cannot know; on a busy machine the gap grows.',
    '- **Events take their time.** What was just sent counts as held until its events come, at most for two seconds after the first token, and is',
    '  compared in steps of 128 tokens so long. What is evicted meanwhile counts as held for that time.',
    '- **A dropped message is missed only when the next one comes.** Then the history is asked, and nothing stays wrong.',
    '- **While an engine cannot be heard** its cache is predicted, from nothing once it was away; its first event after a restart ends that.',
    '- **Prediction** has only what this router sent, and learns what engines evicted from their counts, afterwards.',
    '',
  ]
}

function binTable(bins: readonly Bin[], killed: number, back: number): string[] {
  const rows = bins.map(({ from, requests, equal }) => {
    const within = (at: number): boolean => at >= from && at < from + BIN_SECONDS
    const marks = [...(within(killed) ? ['killed'] : []), ...(within(back) ? ['listen again'] : [])]
    return [
      `${from} s`,
      String(requests),
      String(equal),
      requests === 0 ? '-' : percent(equal / requests),
      marks.join(', '),
    ]
  })
  return markdownTable(['from', 'compared', 'equal', 'share', ''], rows)
}

function unequal(results: Readonly<Record<ArmName, ArmResult>>): string[] {
  return [
    '## The first requests that were not equal',
    '',
    ...list(NAMES.exact, compared(results.exact)),
    ...list(NAMES.faults, compared(results.faults)),
  ].slice(0, -1)
}

function list(title: string, requests: readonly RequestResult[]): string[] {
  const found = requests.filter((request) => !isEqual(request))
  if (found.length === 0) return [`### ${title}`, '', 'None.', '']
  const rows = found
    .slice(0, LISTED)
    .map((request) => [
      `${request.sent.toFixed(2)} s`,
      request.endpoint,
      String(request.prompt),
      String(request.matched),
      String(request.cached),
      String(difference(request)),
    ])
  const header = ['sent', 'endpoint', 'prompt', 'matched', 'cached', 'difference']
  return [`### ${title}: ${Math.min(LISTED, found.length)} of ${found.length}`, '', ...markdownTable(header, rows), '']
}

function percent(share: number): string {
  return `${(share * 100).toFixed(2)} %`
}
