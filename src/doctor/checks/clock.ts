import type { Check } from '../check.ts'
import { note, ok, problem, type Finding } from '../finding.ts'
import type { AnswerHead } from '../http-client.ts'

/** The `date` header has whole seconds, so less than this is nothing. */
const NOTHING = 1.5
const MUCH = 30

/** Whether the engine's clock is ours. */
export const clockCheck: Check = {
  id: 'clock',
  title: 'clock',
  run({ http }) {
    const skew = clockSkew(http.seen)
    return Promise.resolve({ findings: describeClock(skew), facts: { clockSkewSeconds: skew } })
  },
}

/**
 * Seconds by which the clock in the `date` headers is ahead of ours; undefined without any. A header names the second
 * in which it was written, some time between sending and answering; the answers agree on what is left.
 */
export function clockSkew(heads: readonly Pick<AnswerHead, 'headers' | 'sentAt' | 'headAt'>[]): number | undefined {
  let least = Number.NEGATIVE_INFINITY
  let most = Number.POSITIVE_INFINITY
  for (const { headers, sentAt, headAt } of heads) {
    const date = Date.parse(headers['date'] ?? '')
    if (Number.isNaN(date)) continue
    least = Math.max(least, date - headAt)
    most = Math.min(most, date + 1000 - sentAt)
  }
  return Number.isFinite(least) && Number.isFinite(most) ? (least + most) / 2 / 1000 : undefined
}

/** What a difference of clocks means. */
export function describeClock(skew: number | undefined): Finding[] {
  if (skew === undefined) return []
  const size = Math.abs(skew)
  if (size < NOTHING) return [ok('clock.same', 'as ours, to the second')]
  const found = `its clock is ${size.toFixed(0)} s ${skew > 0 ? 'ahead of' : 'behind'} ours`
  const advice = 'keep both machines on time (chrony, ntp): logs, KV events and certificates go by it'
  return [size < MUCH ? note('clock.off', found, advice) : problem('clock.off', found, advice)]
}
