import { InputError } from '../report/input-error.ts'
import type { Workload, WorkloadRequest } from '../workload/workload.ts'
import type { SimulatedEndpoint } from './scenario.ts'

/**
 * Refuses a workload with a request that some endpoint can never run.
 * @throws InputError naming the request, the endpoint and what would help
 */
export function checkCapacity(workload: Workload, endpoints: readonly SimulatedEndpoint[]): void {
  const largest = largestRequest(workload)
  const smallest = endpoints.toSorted((a, b) => capacityOf(a) - capacityOf(b))[0]
  if (largest === undefined || smallest === undefined) return
  const needed = largest.promptTokens + largest.outputTokens
  const capacity = capacityOf(smallest)
  if (needed <= capacity) return
  throw new InputError(
    `request ${largest.id} needs ${needed} tokens (prompt ${largest.promptTokens}, output ${largest.outputTokens}), but the ` +
      `KV cache of endpoint ${smallest.id} (${smallest.profile.name}) holds ${capacity}: give --kv-tokens of at least ` +
      `${needed + smallest.profile.blockSize}, or leave long prompts out with --max-prompt and cut answers with --output-cap`,
  )
}

function capacityOf({ profile }: SimulatedEndpoint): number {
  return Math.floor(profile.kvTokens / profile.blockSize) * profile.blockSize
}

function largestRequest(workload: Workload): WorkloadRequest | undefined {
  let largest: WorkloadRequest | undefined
  const size = (request: WorkloadRequest) => request.promptTokens + request.outputTokens
  for (const session of workload.sessions) {
    for (const request of session.requests) {
      if (largest === undefined || size(request) > size(largest)) largest = request
    }
  }
  return largest
}
