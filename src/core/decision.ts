import type { PolicyPlugin } from './plugin.ts'

/**
 * What the scheduler chose for one attempt of a request, and every number that led to it. Log, metrics, response
 * headers, the admin interface and `explain` read nothing else. It holds no prompt text.
 */
export interface Decision {
  readonly requestId: string
  readonly model: string
  readonly policy: PolicyPlugin
  /** Why the endpoint won: one of the policy's reasons. */
  readonly reason: string
  /** Id of the chosen endpoint. */
  readonly endpoint: string
  /** Prompt tokens; an estimate unless the prompt came as token ids or was tokenized. */
  readonly promptTokens: number
  /** Leading prompt tokens the chosen endpoint is believed to hold. */
  readonly matchedTokens: number
  /** Seconds on the scheduler's clock. */
  readonly at: number
  /** Place of the chosen endpoint in `candidates`. */
  readonly chosen: number
  /** The endpoints that were ranked. */
  readonly candidates: readonly { readonly id: string }[]
  /** Names of the terms each cost consists of. */
  readonly terms: readonly string[]
  /**
   * Rows of `candidates.length` values each: cost, matched tokens, then one row per term. Unit of the
   * cost: `policy.unit`.
   */
  readonly values: readonly number[]
}

/** Why no endpoint was chosen. */
export interface Refusal {
  readonly code: 'no_ready_endpoint' | 'overloaded'
  readonly message: string
  readonly retryAfterSeconds: number
}

/** One line of an explanation. */
export interface RankedCandidate {
  readonly endpoint: string
  /** Null stands for an endpoint the policy excluded (infinite cost). */
  readonly cost: number | null
  readonly matchedTokens: number
  readonly terms: Readonly<Record<string, number>>
}

/** The candidates of a decision, best first, with the terms of each cost by name. */
export function rankedCandidates(decision: Decision): RankedCandidate[] {
  const { candidates, values, terms } = decision
  const count = candidates.length
  const row = (r: number, i: number): number => values[r * count + i] ?? Number.NaN
  const order = candidates.map((_, i) => i).filter((i) => i !== decision.chosen)
  order.sort((a, b) => row(0, a) - row(0, b) || a - b)
  return [decision.chosen, ...order].map((i) => ({
    endpoint: candidates[i]?.id ?? '',
    cost: Number.isFinite(row(0, i)) ? row(0, i) : null,
    matchedTokens: row(1, i),
    terms: Object.fromEntries(terms.map((name, t) => [name, row(2 + t, i)])),
  }))
}
