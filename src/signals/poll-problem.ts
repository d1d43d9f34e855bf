import type { EngineRoute, ReadingProblem } from './metrics/engine-table.ts'

/** Why nothing was read: no answer, the route is missing or refused, or what it answers is of no use. */
export type PollProblemKind = 'no-answer' | 'missing' | 'status' | ReadingProblem

export interface PollProblem {
  readonly kind: PollProblemKind
  readonly path: string
  /** One sentence or two: what was expected, what was found, and what to do. */
  readonly message: string
}

/** Seconds for which a problem that comes and goes is not told again. */
const QUIET = 60

/**
 * Tells each problem of an endpoint once: not again until something else was wrong with that route or it worked in
 * between, and never more than once a minute.
 */
export class ProblemNotices {
  readonly #tell: (problem: PollProblem) => void
  readonly #current = new Map<string, PollProblemKind>()
  readonly #toldAt = new Map<string, number>()

  constructor(tell: (problem: PollProblem) => void) {
    this.#tell = tell
  }

  /** @param now In seconds. */
  found(problem: PollProblem, now: number): void {
    const { kind, path } = problem
    if (this.#current.get(path) === kind) return
    this.#current.set(path, kind)
    const key = `${kind} ${path}`
    if (now - (this.#toldAt.get(key) ?? Number.NEGATIVE_INFINITY) < QUIET) return
    this.#toldAt.set(key, now)
    this.#tell(problem)
  }

  works(path: string): void {
    this.#current.delete(path)
  }
}

export function noAnswer({ path }: EngineRoute, error: unknown): PollProblem {
  const reason = error instanceof Error ? error.message || error.name : String(error)
  const message = `expected the engine's state from GET ${path}, got no answer: ${reason}`
  return { kind: 'no-answer', path, message }
}

/** A page for people stands where an engine has its metrics, and nothing else shows which engine it is. */
export function noEngine(page: string): PollProblem {
  const message =
    `expected the metrics of an engine from GET /metrics, found HTML: ${page}: check that the endpoint's URL leads to ` +
    'the engine itself and not to a page in front of it; engine: openai asks for no metrics'
  return { kind: 'not-metrics', path: '/metrics', message }
}

/** A problem for any status but 200. */
export function badStatus(title: string, { path, switchOn }: EngineRoute, status: number): PollProblem {
  const found = `expected the state of ${title} from GET ${path}, found status ${status}`
  if (isMissing(status)) {
    return { kind: 'missing', path, message: switchOn === undefined ? found : `${found}: ${switchOn}` }
  }
  const refused = status === 401 || status === 403
  return {
    kind: 'status',
    path,
    message: refused ? `${found}: give the endpoint the headers its engine asks for` : found,
  }
}

/** The route does not exist or is switched off: `501` is how llama.cpp says the latter. */
export function isMissing(status: number): boolean {
  return status === 404 || status === 405 || status === 501
}

export function unreadable(title: string, route: EngineRoute, kind: ReadingProblem, found: string): PollProblem {
  const { path, switchOn } = route
  const advice =
    kind === 'no-families' && switchOn !== undefined
      ? switchOn
      : `check that the endpoint's URL leads to ${title} itself and not to a page in front of it`
  return { kind, path, message: `expected the state of ${title} from GET ${path}, found ${found}: ${advice}` }
}
