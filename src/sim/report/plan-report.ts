import { formatNumber, formatShare } from '../../report/format-number.ts'
import { shellCommand } from '../../report/shell-command.ts'
import { renderMarkdown, renderText } from '../../report/table.ts'
import type { Table } from '../../report/table.ts'
import { shortTokens } from '../matrix-cells.ts'
import { targetLabel } from '../plan-targets.ts'
import { describeLoad } from './describe-load.ts'
import type { PlanArm, PlanFigures, PlanReport } from './plan-schema.ts'

/** The plan for a terminal. */
export function planText(report: PlanReport): string {
  return `\n${describePlan(report).join('\n')}\n\n${renderText(planTable(report))}`
}

/** The plan as a Markdown page. */
export function planMarkdown(report: PlanReport): string {
  return [
    '# Endpoints needed',
    '',
    '```sh',
    shellCommand(['kvasir', 'plan', ...report.command]),
    '```',
    '',
    ...describePlan(report).map((line) => `- ${line}`),
    '',
    renderMarkdown(planTable(report)),
  ].join('\n')
}

function describePlan(report: PlanReport): string[] {
  const { profile, kvTokens, hostTokens, speed, view, routers, seeds } = report
  const host = hostTokens === 0 ? '' : `, ${shortTokens(hostTokens)} host memory`
  return [
    ...describeLoad(report.workload),
    `endpoints: ${profile}, ${shortTokens(kvTokens)} KV${host}; speed ${speed}, ${view} view, routers: ${routers}, seeds: ${seeds.length}`,
    `targets: ${report.targets.map(targetLabel).join(', ')} (seconds, over the requests of all seeds)`,
    ...report.workload.notes,
  ]
}

function planTable(report: PlanReport): Table {
  const targets = report.targets.map(({ time, statistic }) => `${time.toUpperCase()} ${statistic} (s)`)
  const head = [
    'policy',
    'endpoints',
    'against round robin',
    'figures with',
    'met',
    ...targets,
    'TTFT mean (s)',
    'cached',
    'busiest',
  ]
  return { title: 'Endpoints needed', rows: [head, ...report.arms.flatMap((arm) => armRows(arm, report))] }
}

function armRows(arm: PlanArm, report: PlanReport): string[][] {
  const answer = arm.replicas === null ? `more than ${report.maxReplicas}` : String(arm.replicas)
  const steps = [arm.met, arm.missed].filter((step) => step !== null)
  return steps.map((step, index) => [
    index === 0 ? arm.label : '',
    index === 0 ? answer : '',
    index === 0 ? savingText(arm) : '',
    ...figureCells(step, report),
  ])
}

function savingText({ saving, policy }: PlanArm): string {
  if (saving === null || policy.type === 'round-robin') return '-'
  if (saving.replicas === 0) return 'the same'
  const share = formatShare(Math.abs(saving.share))
  return saving.replicas > 0 ? `${saving.replicas} fewer (${share})` : `${-saving.replicas} more (${share})`
}

function figureCells(step: PlanFigures, report: PlanReport): string[] {
  return [
    String(step.replicas),
    step.isMet ? 'yes' : 'no',
    ...report.targets.map(({ time, statistic }) => formatNumber(step[time]?.[statistic])),
    formatNumber(step.ttft?.mean),
    formatShare(step.cachedShare),
    formatShare(step.busiestShare),
  ]
}
