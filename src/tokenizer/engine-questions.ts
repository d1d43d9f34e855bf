import { createEngineTokens, type EngineTokens, type RemoteEngine } from './engine-tokens.ts'
import { JobGate } from './job-gate.ts'
import { messageOf, TokenizerError } from './tokenizer-error.ts'

export interface EngineQuestionsOptions {
  readonly engine: RemoteEngine
  /** Origin of the engine, without a slash at the end. */
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  /** Seconds. */
  readonly clock: () => number
  /** Told when it begins to fail, with the reason, and then with undefined when it answers again; once in a minute. */
  readonly onFailing: (why: string | undefined) => void
  /** Milliseconds for one answer. */
  readonly timeoutMs?: number
}

/** Whose tokens are sought. */
export interface Question {
  readonly kind: 'chat' | 'text'
  /** The body of a chat request, or a plain prompt. */
  readonly content: string
  /** The name under which the engine serves the model. */
  readonly model: string
}

/** Questions to one engine at once, and those that may wait: it has better things to do. */
const RUNNING = 2
const WAITING = 6
/** Seconds an engine is left alone after it failed; doubles. */
const FIRST_REST = 1
const LONGEST_REST = 60
/** Seconds between two reports of failures. */
const QUIET = 60

/** One engine's tokenize routes on the way of requests: a few questions at once, none while it fails. */
export class EngineQuestions {
  readonly #options: EngineQuestionsOptions
  readonly #gate: JobGate
  readonly #routes = new Map<string, EngineTokens>()
  #pending = 0
  #failures = 0
  #restsUntil = Number.NEGATIVE_INFINITY
  #toldAt = Number.NEGATIVE_INFINITY
  #told = false

  constructor(options: EngineQuestionsOptions) {
    this.#options = options
    this.#gate = new JobGate({ running: RUNNING, waiting: WAITING }, `tokenize route of ${options.url}`)
  }

  /** Questions that wait for its answer. */
  get pending(): number {
    return this.#pending
  }

  /** Failed a moment ago. */
  get resting(): boolean {
    return this.#options.clock() < this.#restsUntil
  }

  get full(): boolean {
    return this.#pending >= RUNNING + WAITING
  }

  /** Rejects with a TokenizerError: `remote`, `busy`, or `inexact` where the engine refuses this prompt. */
  async ask({ kind, content, model }: Question): Promise<Uint32Array> {
    const { headers, timeoutMs = 5000 } = this.#options
    const routes = this.#routesFor(model)
    const post = { headers, timeoutMs }
    this.#pending++
    try {
      const found = await this.#gate.run(() =>
        kind === 'chat' ? routes.chat(content, post) : routes.text(content, true, post),
      )
      this.#answered()
      return found
    } catch (error) {
      if (error instanceof TokenizerError && error.fault === 'inexact') this.#answered()
      else this.#failed(error)
      throw error
    } finally {
      this.#pending--
    }
  }

  #routesFor(model: string): EngineTokens {
    const { engine, url } = this.#options
    let routes = this.#routes.get(model)
    if (routes === undefined) this.#routes.set(model, (routes = createEngineTokens(engine, { url, model })))
    return routes
  }

  #answered(): void {
    this.#failures = 0
    if (!this.#told) return
    this.#told = false
    this.#options.onFailing(undefined)
  }

  #failed(error: unknown): void {
    if (error instanceof TokenizerError && error.fault === 'busy') return
    // Those that were under way together have failed once.
    if (this.resting) return
    const now = this.#options.clock()
    this.#restsUntil = now + Math.min(LONGEST_REST, FIRST_REST * 2 ** this.#failures)
    this.#failures++
    if (this.#told || now - this.#toldAt < QUIET) return
    this.#told = true
    this.#toldAt = now
    this.#options.onFailing(messageOf(error))
  }
}
