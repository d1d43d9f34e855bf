import type { EngineReading } from '../../signals/metrics/engine-reading.ts'
import type { EngineTable } from '../../signals/metrics/engine-table.ts'
import { engineTable } from '../../signals/metrics/engine-tables.ts'
import { isMissing } from '../../signals/poll-problem.ts'
import { formatShare } from '../../report/format-number.ts'
import { readingOf, type RouteAnswer } from '../ask-routes.ts'
import type { Check } from '../check.ts'
import { note, ok, problem, type Finding } from '../finding.ts'

/** Whether the engine's load can be read. */
export const metricsCheck: Check = {
  id: 'metrics',
  title: 'load',
  async run({ facts: { engine = 'openai', routes = [] } }) {
    return { findings: describeMetrics(engineTable(engine), routes) }
  },
}

/** What the answers of the routes that tell an engine's load mean. */
export function describeMetrics(table: EngineTable, answers: readonly RouteAnswer[]): Finding[] {
  const load = answers.filter(({ route: { kind } }) => kind === 'load')
  if (load.length === 0) {
    return [note('metrics.none', 'it tells no load: the router goes by what it has sent there itself')]
  }
  const read = load.filter(({ result }) => result !== undefined && !('problem' in result))
  const bad = load.flatMap((answer) => describeBadRoute(table, answer, read.length > 0))
  if (read.length === 0) return bad
  const paths = read.map(({ route }) => route.path).join(' and ')
  return [ok('metrics.read', `GET ${paths}: ${describeLoad(readingOf(answers, table))}`), ...bad]
}

function describeBadRoute(
  table: EngineTable,
  { route, status, result, error }: RouteAnswer,
  others: boolean,
): Finding[] {
  const { path, switchOn } = route
  if (status === undefined) {
    return [problem('metrics.no-answer', `GET ${path}: ${error ?? 'no answer'}`, 'look at the log of the engine')]
  }
  if (result === undefined) {
    const found = `GET ${path} answers ${status}`
    if (!isMissing(status)) return [problem('metrics.status', found, "look at the engine's log; does it want a key?")]
    if (switchOn === undefined) return []
    // Another route tells the load; what is missing then are counters.
    return others ? [note('metrics.missing', found, switchOn)] : [problem('metrics.missing', found, switchOn)]
  }
  if (!('problem' in result)) return []
  const advice = result.problem === 'no-families' && switchOn !== undefined ? switchOn : urlAdvice(table)
  return [problem('metrics.unreadable', `GET ${path} is not ${table.title}'s: ${result.found}`, advice)]
}

function urlAdvice({ title }: EngineTable): string {
  return `check that the URL leads to ${title} itself and not to a page in front of it`
}

function describeLoad({ waiting, running, kvUsage }: EngineReading): string {
  const parts = [
    waiting === undefined ? undefined : `${waiting} waiting`,
    running === undefined ? undefined : `${running} running`,
    kvUsage === undefined ? undefined : `KV cache ${formatShare(kvUsage)} used`,
  ].filter((part) => part !== undefined)
  return parts.length === 0 ? 'readable, but nothing about load yet' : parts.join(', ')
}
