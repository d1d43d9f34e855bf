import { detectEngine, type Detection } from './detect-engine.ts'
import { UNKNOWN_READING, type EngineReading } from './metrics/engine-reading.ts'
import type { EngineName } from './metrics/engine-table.ts'
import { engineTable } from './metrics/engine-tables.ts'
import { POLL_PACE, retryAfter, type PollPace } from './poll-pace.ts'
import {
  ProblemNotices,
  badStatus,
  isMissing,
  noAnswer,
  noEngine,
  unreadable,
  type PollProblem,
} from './poll-problem.ts'
import { PolledEngine, type EngineState } from './polled-engine.ts'
import type { PolledRoute } from './polled-route.ts'
import type { Probe, ProbeAnswer } from './probe.ts'

export interface PollOptions {
  readonly probe: Probe
  /** The engine, where the operator says so; otherwise it is found out. */
  readonly engine?: EngineName
  /** In seconds; only differences count. */
  readonly clock: () => number
  /** Waits; rejects or resolves early when `signal` aborts. */
  readonly sleep: (seconds: number, signal: AbortSignal) => Promise<unknown>
  /** True while this router has requests there: then the engine is busy, whatever it said last. */
  readonly busy?: () => boolean
  readonly pace?: Partial<PollPace>
  /** Told once when something is wrong, and again when it is something else. */
  readonly onProblem?: (problem: PollProblem) => void
  /** Told right before the engine is asked for its load. */
  readonly onAsking?: () => void
  /** Told after each poll that brought something. */
  readonly onReading?: (state: EngineState) => void
  /** Told when the engine has been found out. */
  readonly onEngine?: (detection: Detection) => void
}

/** Keeps up to date what one endpoint's engine says about itself, until it is disposed. Create it with `pollEndpoint`. */
export class EndpointPoller implements AsyncDisposable {
  readonly #options: PollOptions
  readonly #pace: PollPace
  readonly #notices: ProblemNotices
  readonly #stop = new AbortController()
  /** Requests under way, and what they are waited for with. */
  readonly #requests = new Set<AbortController>()
  readonly #background = new Set<Promise<void>>()
  readonly #done: Promise<void>
  #polled: PolledEngine | undefined
  #nap: AbortController | undefined
  /** When the nap ends by itself. */
  #wakesAt = 0
  #nudged = false
  #detectedAt = Number.POSITIVE_INFINITY
  #detectFailures = 0
  /** When it was last tried to find the engine out. */
  #triedAt = Number.NEGATIVE_INFINITY

  constructor(options: PollOptions) {
    this.#options = options
    this.#pace = { ...POLL_PACE, ...options.pace }
    this.#notices = new ProblemNotices((problem) => options.onProblem?.(problem))
    if (options.engine !== undefined) this.#polled = new PolledEngine(engineTable(options.engine), this.#pace)
    this.#done = this.#run()
  }

  /** Undefined until it is found out. */
  get engine(): EngineName | undefined {
    return this.#polled?.table.engine
  }

  /** What is known now. */
  state(): EngineState {
    return (
      this.#polled?.state(this.#options.clock()) ?? {
        reading: UNKNOWN_READING,
        age: Number.POSITIVE_INFINITY,
        polledAt: Number.NEGATIVE_INFINITY,
      }
    )
  }

  /** True when this engine puts its load into answers that are asked for it. */
  get answersTellLoad(): boolean {
    return this.#polled?.table.answersTellLoad === true
  }

  /** Takes in the load that came with an answer: polls become rarer. */
  inBand(reading: Partial<EngineReading>): void {
    this.#polled?.inBand(reading, this.#options.clock())
  }

  /** Looks at once whether a poll is due, or what engine there is. */
  look(): void {
    this.#nudged = true
    this.#nap?.abort()
  }

  /**
   * A request is sent to the endpoint while none was in flight: looks at once, unless it is about to look anyway. This
   * comes with most requests of a quiet endpoint.
   */
  nudge(): void {
    const now = this.#options.clock()
    const triedJustNow = this.#polled === undefined && now - this.#triedAt < this.#pace.retry
    if (triedJustNow || (this.#nap !== undefined && this.#wakesAt - now <= this.#pace.busy)) return
    this.look()
  }

  /** Stops polling, breaks off what is under way, and resolves when all of it has ended. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort()
    for (const request of this.#requests) request.abort()
    this.look()
    await this.#done
    await Promise.all(this.#background)
  }

  async #run(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      this.#nudged = false
      const next = this.#polled === undefined ? await this.#detect() : await this.#poll(this.#polled)
      await this.#sleepUntil(next)
    }
  }

  async #sleepUntil(time: number): Promise<void> {
    const { clock, sleep } = this.#options
    const seconds = Math.min(time - clock(), this.#pace.detectAgain)
    if (seconds <= 0 || this.#nudged) return
    this.#wakesAt = clock() + seconds
    this.#nap = new AbortController()
    await sleep(seconds, this.#nap.signal).catch(() => undefined)
    this.#nap = undefined
  }

  /** Returns when to go on. */
  async #detect(): Promise<number> {
    const { clock, onEngine } = this.#options
    this.#triedAt = clock()
    const detection = await detectEngine((path) => this.#get(path))
    if (this.#stop.signal.aborted) return clock()
    if (detection.answered) {
      this.#detectFailures = 0
      this.#detectedAt = clock()
      this.#polled = new PolledEngine(engineTable(detection.engine), this.#pace)
      if (detection.page !== undefined) this.#notices.found(noEngine(detection.page), clock())
      onEngine?.(detection)
      return clock()
    }
    this.#notices.found({ kind: 'no-answer', path: '/', message: detection.because }, clock())
    this.#detectFailures += 1
    return clock() + retryAfter(this.#pace, this.#detectFailures)
  }

  /** Asks every route that is due; returns when the next one is. Facts may take their time, load is waited for. */
  async #poll(polled: PolledEngine): Promise<number> {
    const { clock, busy } = this.#options
    const now = clock()
    const due = polled.dueNow(now, busy?.() === true)
    for (const route of due) if (route.route.kind === 'facts') this.#askAside(polled, route, now)
    const load = due.filter(({ route }) => route.kind === 'load')
    if (load.length > 0) this.#options.onAsking?.()
    const brought = await Promise.all(load.map((route) => this.#ask(polled, route, now)))
    if (brought.includes(true)) this.#options.onReading?.(this.state())
    if (this.#isStranger(polled)) {
      this.#polled = undefined
      return clock()
    }
    return polled.nextDue(clock(), busy?.() === true)
  }

  /**
   * True when it is time to find out the engine anew: a route that used to tell something is gone or tells nothing that
   * this engine would, or the endpoint showed no sign of any engine the last time, a while ago.
   */
  #isStranger({ routes }: PolledEngine): boolean {
    if (this.#options.engine !== undefined) return false
    if (routes.length === 0) return this.#options.clock() - this.#detectedAt >= this.#pace.detectAgain
    return routes.some(({ lost }) => lost)
  }

  #askAside(polled: PolledEngine, route: PolledRoute, now: number): void {
    const asking = this.#ask(polled, route, now)
    const asked = this.#afterwards(asking).finally(() => this.#background.delete(asked))
    this.#background.add(asked)
  }

  async #afterwards(asking: Promise<boolean>): Promise<void> {
    if (await asking) this.#options.onReading?.(this.state())
    this.look()
  }

  /** Asks one route; true when it brought something. */
  async #ask({ table }: PolledEngine, polled: PolledRoute, now: number): Promise<boolean> {
    const { clock } = this.#options
    polled.asking = true
    try {
      const answer = await this.#get(polled.route.path)
      const problem = takeIn(answer, table.title, polled, now, clock())
      if (problem === undefined) this.#notices.works(polled.route.path)
      else this.#notices.found(problem, clock())
      return polled.answers
    } catch (error) {
      polled.failed(clock())
      if (!this.#stop.signal.aborted) this.#notices.found(noAnswer(polled.route, error), clock())
      return false
    } finally {
      polled.asking = false
    }
  }

  async #get(path: string): Promise<ProbeAnswer> {
    this.#stop.signal.throwIfAborted()
    const request = new AbortController()
    this.#requests.add(request)
    try {
      return await this.#options.probe(path, request.signal)
    } finally {
      this.#requests.delete(request)
    }
  }
}

/** Takes an answer in; returns what is wrong with it, if that is worth telling. */
function takeIn(
  { status, text }: ProbeAnswer,
  title: string,
  polled: PolledRoute,
  askedAt: number,
  now: number,
): PollProblem | undefined {
  const { route } = polled
  if (status !== 200) {
    if (!isMissing(status)) polled.failed(now)
    else polled.missing(now)
    return isMissing(status) && route.switchOn === undefined ? undefined : badStatus(title, route, status)
  }
  const result = route.read(text)
  if ('problem' in result) {
    polled.useless(now)
    return unreadable(title, route, result.problem, result.found)
  }
  polled.succeeded('unchanged' in result ? undefined : result.reading, askedAt)
  return undefined
}

/** Starts to poll an endpoint. */
export function pollEndpoint(options: PollOptions): EndpointPoller {
  return new EndpointPoller(options)
}
