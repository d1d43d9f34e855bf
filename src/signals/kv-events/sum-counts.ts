import type { StreamCounts } from './event-stream.ts'
import type { SubscriberCounts } from './subscriber-options.ts'

/** The counts of a follower: its own, and those of its streams together. */
export function sumCounts(
  own: Omit<SubscriberCounts, keyof StreamCounts>,
  streams: Iterable<{ readonly counts: StreamCounts }>,
): SubscriberCounts {
  const sum = { ...own, delivered: 0, duplicates: 0, restarts: 0, losses: 0, replays: 0 }
  for (const { counts } of streams) {
    sum.delivered += counts.delivered
    sum.duplicates += counts.duplicates
    sum.restarts += counts.restarts
    sum.losses += counts.losses
    sum.replays += counts.replays
  }
  return sum
}
