import { toColumns } from '../matrix-columns.ts'
import type { RunColumns } from '../matrix-columns.ts'
import type { SimulatedRequest, SimulationResult } from '../simulation-result.ts'

/** A simulated request that took a second, with what matters to a test set otherwise. */
export function simulatedRequest(more: Partial<SimulatedRequest> = {}): SimulatedRequest {
  return {
    arrival: 0,
    endpoint: 0,
    promptTokens: 1000,
    cachedTokens: 250,
    predictedTokens: 250,
    outputTokens: 10,
    ttft: 0.1,
    tpot: 0.02,
    e2e: 1,
    retries: 0,
    ...more,
  }
}

/** A run of these requests. */
export function runOf(requests: readonly SimulatedRequest[], more: Partial<SimulationResult> = {}): RunColumns {
  return toColumns({
    requests,
    sent: [requests.length],
    evictedBlocks: 0,
    preemptions: 0,
    backlogVariation: 0.5,
    span: 1,
    ...more,
  })
}
