import { describeEnvironment } from '../../src/bench/environment.ts'
import { formatCount, formatNumber, formatShare } from '../../src/report/format-number.ts'
import { currentCommit } from '../current-commit.ts'
import { markdownTable } from '../results/table.ts'
import {
  binsOf,
  compared,
  difference,
  figuresOf,
  isEqual,
  isLong,
  lostOf,
  percent,
  recoverySeconds,
  sentAgain,
} from './figures.ts'
import { outageSection } from './outage-section.ts'
import { MERGES } from './prompt-form.ts'
import type { ArmResult, RequestResult } from './request-result.ts'
import {
  type ArmName,
  ARMS,
  BLOCK,
  DEFAULT_DEADLINE,
  KV_TOKENS,
  NEAR_TOKENS,
  type PromptsName,
  SEED,
  TARGET_RECOVERY,
  TARGET_SHARE,
  TRACE,
  TRACE_BLOCK,
  WARM_UP,
} from './settings.ts'

/** Unequal requests of a run that are listed. */
const LISTED = 12

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
    ...tokens(results),
    ...outageSection(results.faults),
    ...causes(results),
    ...unequal(results),
  ]
}

/** How each form of prompts is sent, and why both sides speak of the same tokens. */
const FORMS: Readonly<Record<PromptsName, { readonly route: string; readonly about: readonly string[] }>> = {
  chat: {
    route: 'chat completions',
    about: [
      'Prompts are chats: the first block of a prompt is its system message, the others are turns of user and model, in texts cut from this repository that',
      "begin alike as far as the trace's block ids do. Router (`pools[].tokenizer.path`) and engines (`--tokenizer`) have the same model's folder, with a chat",
      `template and a byte-level BPE vocabulary of ${formatCount(MERGES)} merges learned from the same texts. Each renders and tokenizes every prompt itself: nothing but the`,
      "tokens that come out tells the router which of an engine's blocks a chat begins with.",
    ],
  },
  ids: {
    route: 'completions',
    about: ['Prompts are token ids, so that router and engines cannot disagree on tokens.'],
  },
}

function head({ exact }: Readonly<Record<ArmName, ArmResult>>, command: string): string[] {
  const { cpu, cores, node } = describeEnvironment()
  const { route, about } = FORMS[exact.prompts]
  return [
    '# What the router believes to be cached, and what engines find',
    '',
    `Written by \`${command}\`, commit ${currentCommit()}, on ${cpu} with ${cores} cores, Node ${node}.`,
    '',
    `${Object.keys(exact.modes).length} simulated engines (\`kvasir engine\`, ${KV_TOKENS} tokens of KV cache each in blocks of ${BLOCK}, vLLM's form of KV events with replay) and the router`,
    `(\`kvasir start\`), each a process of its own. The load is the first ${formatCount(exact.requests.length)} requests of the conversation trace (\`${TRACE}\`), sent as streamed`,
    `${route} at their recorded times over real sockets (jitter of 3 s, seed ${SEED}). ${pace(exact.speed)}`,
    'Each run has fresh engines and a fresh router; the runs differ in whether the configuration names the KV events, and in the faults.',
    '',
    ...about,
    '',
    'Compared is, for each request, what the decision said (`x-kvasir-matched-tokens` of the answer) with what the engine counted',
    '(`cached_tokens` in its usage). An engine always computes the last token of a prompt again, with the block it is in; that is taken away from the',
    `decision's figure. **Equal** means that the rest differs by less than one block, ${BLOCK} tokens: where both are whole blocks, that there is no difference.`,
    '',
  ]
}

function pace(speed: number): string {
  if (speed === 1) return 'Engines and arrivals are as fast as recorded.'
  return `Engines and arrivals are ${speed} times as fast as recorded; all times below are wall seconds.`
}

/** What became of the search for the tokens of chats. */
function tokens(results: Readonly<Record<ArmName, ArmResult>>): string[] {
  if (results.exact.prompts === 'ids') return []
  const rows = ARMS.map((name) => {
    const { tokenized, tokenizing, soon } = results[name]
    const sought = Object.values(tokenized).reduce((sum, count) => sum + count, 0)
    const others = sought - (tokenized['exact'] ?? 0) - (tokenized['late'] ?? 0)
    return [
      NAMES[name],
      formatCount(tokenized['exact'] ?? 0),
      formatCount(tokenized['late'] ?? 0),
      formatCount(others),
      sought === 0 ? '-' : formatNumber((1000 * tokenizing) / sought),
      sought === 0 ? '-' : formatShare(soon / sought),
    ]
  })
  return [
    '## Tokens of chats',
    '',
    ...markdownTable(['', 'found', 'late', 'not found', 'mean wait, ms', `within ${1000 * DEFAULT_DEADLINE} ms`], rows),
    '',
    `Prompts whose tokens the router sought, warming up included. A request could wait for its tokens for ${results.exact.deadline}; the router's default is ${1000 * DEFAULT_DEADLINE} ms and as much again for each 32 KiB of the body, and what has`,
    'not its tokens by then is matched by its bytes, as everything is without KV events. Nearly all of these prompts are new to the router: next turns of a',
    'chat find the tokens of the turns before remembered.',
    '',
  ]
}

function verdicts({ exact, predicted, faults }: Readonly<Record<ArmName, ArmResult>>): string[] {
  const share = figuresOf(compared(exact)).share
  const alone = figuresOf(compared(predicted))
  const recovery = recoverySeconds(binsOf(compared(faults)), faults.killed ?? 0)
  const losses = lostOf(faults)
  const verdict = (passed: boolean, text: string): string => `- ${passed ? '**pass**' : '**FAIL**'} ${text}`
  return [
    '## Targets',
    '',
    verdict(
      share >= TARGET_SHARE,
      `equality of at least ${formatShare(TARGET_SHARE)} by KV events: ${percent(share)} (prediction alone: ${percent(alone.share)}, within ${NEAR_TOKENS} tokens ${percent(alone.near)})`,
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
    const { requests, share, near, error, over, under, worst, cached } = figuresOf(compared(result))
    const long = figuresOf(compared(result).filter(isLong))
    return [
      title,
      formatCount(requests),
      percent(share),
      long.requests === 0 ? '-' : `${percent(long.share)} of ${formatCount(long.requests)}`,
      percent(near),
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
    `within ${NEAR_TOKENS} tokens`,
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

const BYTES: readonly string[] = [
  '  Chats are predicted by their bytes, in blocks of 256 and by a learned ratio of bytes to tokens: that is equal to whole blocks of tokens by',
  `  chance only, so that what is within ${NEAR_TOKENS} tokens says more about it.`,
]

/** Why the figures can differ although every event is taken in. */
function causes({ exact: { prompts } }: Readonly<Record<ArmName, ArmResult>>): string[] {
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
    ...(prompts === 'ids' ? [] : BYTES),
    '',
  ]
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
