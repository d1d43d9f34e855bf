import { countRequests } from '../../src/workload/workload.ts'
import { currentCommit } from '../current-commit.ts'
import { ARMS, OURS } from './arms.ts'
import { caseWorkload } from './case-workload.ts'
import { CASES } from './cases.ts'
import type { LoadCase } from './cases.ts'
import { OUT_OF_RACE } from './cell-runs.ts'
import { table } from './markdown.ts'

/** How the page came about. */
export function introduction(seeds: number): string {
  return `# The default policy against the others

Written by \`node scripts/results-policies.ts\` at commit ${currentCommit()}, with the simulator (\`docs/simulator.md\`) and ${seeds} seeds. It needs the traces in
\`../shared/traces\` and, the first time, an hour or two of two processor cores; runs are kept in \`.cache/results-policies\`, and those whose policy and
simulator have not changed are not made again. A part of the matrix is shown on the terminal by, for example,

    node scripts/results-policies.ts --cases chat,rag --replicas 8 --kv 1M --views exact --policies lmetric,dynamo-32 --seeds 2

All times are virtual. **Ratios are of another policy over \`${OURS}\`: above 1, \`${OURS}\` is lower**, which is better for times and worse for
cached shares. Brackets hold 95 % bootstrap intervals over seeds, which are drawn together for all policies and cells; an interval that includes 1 is called
no difference. Everything a seed decides (jitter, order of sessions, generated prompts) is the same for all policies.

A policy whose mean TTFT is above ${OUT_OF_RACE.ttft} times and whose mean E2E is above ${OUT_OF_RACE.e2e} times the cell's best with the first seed is not run with the others in that cell.
Where it is compared, the first seed of both counts, and there is no interval.`
}

/** What a cell is, and what is sent in each. */
export async function definitions(): Promise<string> {
  const rows = await Promise.all(CASES.map(describeCase))
  const options = ARMS.filter(({ policy }) => Object.keys(policy).length > 1)
  const optionText = options.map(({ label, policy }) => `\`${label}\` is \`${JSON.stringify(policy)}\``).join(', ')
  return `## Cells

A cell is one load on 4, 8 or 16 endpoints (Qwen3-32B on two H100 each) with 300,000, 1 M or 3 M tokens of KV cache per endpoint, under one of three views:
\`exact\` (the router knows the caches and keeps its own ledger of load), \`predicted\` (the production index and the ledger), \`polled\`
(exact caches, but load as the engines said at the last poll, every second). The load per endpoint is the same in every fleet. The first tenth of the requests is not measured.

${table([['load', 'requests', 'mean prompt', 'mean answer', 'how they come'], ...rows])}

Requests are those for 8 endpoints, lengths are tokens. The loads are data in \`scripts/results-policies/cases.ts\`. Rates of generated loads were set once: sent all at once and
without pauses, the requests of one load would keep the better policies (8 endpoints, 1 M tokens) busy for 50 to 75 % of the time that the load takes, ramps included. Options other than a policy's own
defaults: ${optionText}.`
}

async function describeCase(load: LoadCase): Promise<string[]> {
  const workload = await caseWorkload(load, 8, 1)
  const requests = workload.sessions.flatMap((session) => session.requests)
  const count = countRequests(workload)
  const mean = (total: number) => Math.round(total / count).toString()
  return [
    load.name,
    count.toString(),
    mean(requests.reduce((sum, { promptTokens }) => sum + promptTokens, 0)),
    mean(requests.reduce((sum, { outputTokens }) => sum + outputTokens, 0)),
    paceOf(load),
  ]
}

/** In words, how requests come. */
export function paceOf(load: LoadCase): string {
  switch (load.kind) {
    case 'trace':
      return `at recorded times, x${load.speedPer8} per 8 endpoints${load.skip === undefined ? '' : `, from request ${load.skip} on`}`
    case 'closed-trace':
      return `${load.concurrency} sessions at once per endpoint, recorded think times, ${load.turns} turns of each at most`
    case 'generator':
      return `${load.sessionsPerEndpoint} sessions per endpoint, opened over ${load.period} s`
    case 'mixture':
      return load.parts.map((part) => `${part.name}: ${paceOf(part)}`).join('; ')
  }
}
