import type { SchedulingRequest } from '../core/request.ts'

/** How much of the tokens in flight on an endpoint is there once only. */
export interface MemoryInFlight {
  /** @param newTokens Tokens of the prompt that no other prompt in flight there has. */
  sent(request: SchedulingRequest, slot: number, newTokens: number): void
  ended(request: SchedulingRequest, slot: number): void
  /** Distinct over all tokens in flight on the endpoint, above 0 and at most 1. */
  distinctShare(slot: number): number
}

interface Booked {
  readonly distinct: number
  readonly all: number
}

/** Creates an empty account. */
export function createMemoryInFlight(): MemoryInFlight {
  const booked = new Map<SchedulingRequest, Booked>()
  const distinct: number[] = []
  const all: number[] = []
  const requests: number[] = []
  return {
    sent(request, slot, newTokens) {
      const { promptTokens, outputTokens } = request
      const entry = { distinct: newTokens + outputTokens, all: promptTokens + outputTokens }
      booked.set(request, entry)
      distinct[slot] = (distinct[slot] ?? 0) + entry.distinct
      all[slot] = (all[slot] ?? 0) + entry.all
      requests[slot] = (requests[slot] ?? 0) + 1
    },
    ended(request, slot) {
      const entry = booked.get(request)
      if (entry === undefined) return
      booked.delete(request)
      requests[slot] = (requests[slot] ?? 0) - 1
      // Tokens are estimates with fractions: sums of them do not come back to 0 by themselves.
      const empty = requests[slot] === 0
      distinct[slot] = empty ? 0 : Math.max(0, (distinct[slot] ?? 0) - entry.distinct)
      all[slot] = empty ? 0 : Math.max(0, (all[slot] ?? 0) - entry.all)
    },
    distinctShare(slot) {
      const total = all[slot] ?? 0
      return total > 0 ? Math.min(1, Math.max(1e-3, (distinct[slot] ?? 0) / total)) : 1
    },
  }
}
