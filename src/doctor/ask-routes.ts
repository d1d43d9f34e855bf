import { overlay, UNKNOWN_READING, type EngineReading } from '../signals/metrics/engine-reading.ts'
import type { EngineRoute, EngineTable, RouteReading } from '../signals/metrics/engine-table.ts'
import { describeError } from './describe-error.ts'
import type { HttpClient } from './http-client.ts'

/** What one route of an engine's table answered. */
export interface RouteAnswer {
  readonly route: EngineRoute
  /** Undefined without an answer. */
  readonly status: number | undefined
  readonly text: string
  /** Undefined unless the status is 200. */
  readonly result: RouteReading | undefined
  /** Why there is no answer. */
  readonly error: string | undefined
}

/** Asks every route of an engine once; one that another stands in for is left out while the other answers. */
export async function askRoutes(http: HttpClient, table: EngineTable): Promise<readonly RouteAnswer[]> {
  const answers: RouteAnswer[] = []
  // Those with a stand-in last, so that it is known by then whether they are needed.
  const routes = table.routes.toSorted((a, b) => Number(isNeverSpared(b)) - Number(isNeverSpared(a)))
  for (const route of routes) {
    const other = answers.find(({ route: { path } }) => path === route.spare?.path)
    if (other?.result !== undefined && 'reading' in other.result && !isNeverSpared(route)) continue
    answers.push(await askRoute(http, route))
  }
  return answers
}

/** The readings of these answers, put together. Routes later in the table overrule earlier ones. */
export function readingOf(answers: readonly RouteAnswer[], table: EngineTable): EngineReading {
  let reading = UNKNOWN_READING
  for (const route of table.routes) {
    const result = answers.find((answer) => answer.route === route)?.result
    if (result !== undefined && 'reading' in result) reading = overlay(reading, result.reading)
  }
  return reading
}

function isNeverSpared({ spare }: EngineRoute): boolean {
  return spare?.every !== Number.POSITIVE_INFINITY
}

async function askRoute(http: HttpClient, route: EngineRoute): Promise<RouteAnswer> {
  try {
    const { status, text } = await http.call({ path: route.path })
    return { route, status, text, result: status === 200 ? route.read(text) : undefined, error: undefined }
  } catch (error) {
    return { route, status: undefined, text: '', result: undefined, error: describeError(error) }
  }
}
