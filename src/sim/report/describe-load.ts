import { formatCount, formatNumber, formatShare } from '../../report/format-number.ts'
import type { SimulationReport } from './simulation-schema.ts'

type WorkloadFacts = SimulationReport['workload']

/** A workload in lines, without its notes. */
export function describeLoad(workload: WorkloadFacts): string[] {
  return [
    `workload ${workload.name} (${workload.source}), ${describePacing(workload)}: ${formatCount(workload.requests)} requests in ` +
      `${formatCount(workload.sessions)} sessions, ${formatNumber(workload.promptTokens / 1e6)} M prompt and ` +
      `${formatNumber(workload.outputTokens / 1e6)} M output tokens`,
    `an endless cache would hold ${formatShare(workload.idealCachedShare)} of the prompt tokens`,
  ]
}

function describePacing(workload: WorkloadFacts): string {
  const think = workload.thinkScale === 1 ? '' : `, think times multiplied by ${workload.thinkScale}`
  const spread = workload.jitter > 0 ? `, starts spread over ${workload.jitter} s` : ''
  if (workload.pacing === 'closed') return `closed loop with ${workload.concurrency ?? '?'} sessions at once${think}`
  if (workload.pacing === 'open') return `open loop at recorded times${spread}`
  return `sessions open on time, turns follow answers${think}${spread}`
}
