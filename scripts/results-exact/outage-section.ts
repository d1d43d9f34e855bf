import { formatCount, formatNumber, formatShare } from '../../src/report/format-number.ts'
import { markdownTable } from '../results/table.ts'
import { type Bin, binsOf, compared, figuresOf, lostOf, percent, sentAgain } from './figures.ts'
import type { ArmResult, RequestResult } from './request-result.ts'
import {
  BIN_SECONDS,
  CALM_BINS,
  DOWN_SECONDS,
  EVENT_DROP,
  KILLED,
  LISTED_AFTER,
  LISTED_BEFORE,
  TARGET_SHARE,
} from './settings.ts'

/** How long killed engines are looked at by themselves once they are back. */
const AFTER_SECONDS = 20

/** How equality fared while engines were killed and events were lost. */
export function outageSection(result: ArmResult): string[] {
  const { killed = 0, back = 0, messages, modes } = result
  const bins = binsOf(compared(result))
  const { refused, broken } = lostOf(result)
  const after = figuresOf(afterReturn(result))
  const ids = KILLED.filter((index) => `e${index}` in modes).map((index) => `\`e${index}\``)
  const delivered = Object.entries(messages).map(([kind, count]) => `${formatCount(count)} ${kind}`)
  return [
    '## Two engines killed, events dropped',
    '',
    `${formatShare(EVENT_DROP)} of all KV event messages are not sent (the history for replay has them). ${formatNumber(killed)} s after the first request ${ids.join(' and ')} are killed`,
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
    ...elsewhere(bins, killed, back),
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

function binTable(bins: readonly Bin[], killed: number, back: number): string[] {
  const rows = bins.filter(isListed(killed, back)).map(({ from, requests, equal }) => {
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

/** The bins that are not listed, in a sentence. */
function elsewhere(bins: readonly Bin[], killed: number, back: number): string[] {
  const listed = isListed(killed, back)
  const others = bins.filter((bin) => !listed(bin))
  const requests = others.reduce((sum, bin) => sum + bin.requests, 0)
  const equal = others.reduce((sum, bin) => sum + bin.equal, 0)
  return [`In all bins before and after these: ${equal} of ${requests} equal.`, '']
}

function isListed(killed: number, back: number): (bin: Bin) => boolean {
  return ({ from }) => from >= killed - LISTED_BEFORE && from <= back + LISTED_AFTER
}
