import type { SchedulingRequest } from '../core/request.ts'

/**
 * Shares a value that needs a look at all candidates (a maximum, a winner) between the calls of one decision. A decision
 * begins with another request, or when the first candidate comes round again: its signals may have changed since.
 */
export function oncePerDecision<Endpoint, Value>(
  compute: (request: SchedulingRequest, candidates: readonly Endpoint[]) => Value,
): (request: SchedulingRequest, endpoint: Endpoint, candidates: readonly Endpoint[]) => Value {
  let memo: { readonly request: SchedulingRequest; readonly value: Value } | undefined
  return (request, endpoint, candidates) => {
    if (memo?.request !== request || endpoint === candidates[0]) {
      memo = { request, value: compute(request, candidates) }
    }
    return memo.value
  }
}
