import type { EndpointState } from '../core/endpoint-state.ts'
import type { ProgramLog } from '../observe/program-log.ts'
import type { EngineName } from '../signals/metrics/engine-table.ts'
import type { TokenVerdict } from './token-verdict.ts'

/** What is known of an endpoint's engine. */
export interface TokenEndpoint {
  readonly endpoint: EndpointState
  /** Undefined until it is found out. */
  readonly engine: EngineName | undefined
  readonly version: string | undefined
  readonly headers: Readonly<Record<string, string>>
}

export interface ComparisonsHost<Maker> extends Pick<ProgramLog, 'logger'> {
  readonly model: string
  /** Seconds. */
  clock(): number
  /** The endpoints that serve the model. */
  endpointsOf(model: string): readonly TokenEndpoint[]
  /** Asks an endpoint for its tokens. Rejects only with the reason of the signal. */
  judge(asked: TokenEndpoint, signal: AbortSignal): Promise<TokenVerdict<Maker>>
  /** What is known of endpoints has changed. */
  settled(): void
}

/** What one endpoint's engine said. */
interface Comparison<Maker> {
  readonly engine: EngineName | undefined
  version: string | undefined
  verdict: TokenVerdict<Maker> | undefined
  /** On the clock, when it is to be tried again. */
  again: number
  /** Seconds. */
  readonly pause: number
}

/** Seconds until an engine that could not be asked is asked again; doubles. */
const FIRST_PAUSE = 5
const LONGEST_PAUSE = 600

/**
 * Asks the engines of a model's endpoints for their tokens: each when it becomes ready, when it is found out what it is, and
 * when its version changes; again later what could not be compared. One after the other.
 */
export class TokenComparisons<Maker> implements Disposable {
  readonly #host: ComparisonsHost<Maker>
  readonly #abort = new AbortController()
  readonly #comparisons = new Map<EndpointState, Comparison<Maker>>()
  #comparing = false
  #told = ''

  constructor(host: ComparisonsHost<Maker>) {
    this.#host = host
  }

  verdictOf(endpoint: EndpointState): TokenVerdict<Maker> | undefined {
    return this.#comparisons.get(endpoint)?.verdict
  }

  get verdicts(): TokenVerdict<Maker>[] {
    return [...this.#comparisons.values()].flatMap(({ verdict }) => verdict ?? [])
  }

  /** Whether all endpoints that requests may go to make the same tokens of such prompts. */
  allAgree(kind: 'chat' | 'text'): boolean {
    const ready = this.#host.endpointsOf(this.#host.model).filter(({ endpoint }) => endpoint.ready)
    return ready.every(({ endpoint }) => this.verdictOf(endpoint)?.[kind] !== undefined)
  }

  /** Why this endpoint's blocks cannot be looked up by the tokens that others have; undefined where they can. */
  differs(endpoint: EndpointState): string | undefined {
    const verdict = this.verdictOf(endpoint)
    if (verdict?.result !== 'different') return undefined
    const others = this.verdicts
    const chat = verdict.chat === undefined && others.some((other) => other.chat !== undefined)
    const text = verdict.text === undefined && others.some((other) => other.text !== undefined)
    return chat || text ? verdict.why : undefined
  }

  /** The endpoint may run something else than before. */
  restarted(endpoint: EndpointState): void {
    if (this.#comparisons.delete(endpoint)) this.#settle()
    this.compare()
  }

  /** What an endpoint does has shown that its tokens are others; so it stays until it is asked again. */
  overrule(endpoint: EndpointState, why: string): void {
    const comparison = this.#comparisons.get(endpoint)
    if (comparison?.verdict?.result !== 'same') return
    comparison.verdict = { result: 'different', chat: undefined, text: undefined, why, again: false }
    this.#tell(endpoint, comparison.verdict)
    this.#settle()
  }

  /** Asks the engines that have not been asked yet. */
  compare(): void {
    if (this.#comparing || this.#abort.signal.aborted) return
    const endpoints = this.#host.endpointsOf(this.#host.model)
    this.#forgetOthers(endpoints)
    const next = endpoints.find((one) => this.#isDue(one))
    if (next === undefined) return
    this.#comparing = true
    void this.#compareWith(next).finally(() => {
      this.#comparing = false
      this.compare()
    })
  }

  [Symbol.dispose](): void {
    this.#abort.abort(new Error('the tokenizer is not used any more'))
  }

  #isDue({ endpoint, engine, version }: TokenEndpoint): boolean {
    if (!endpoint.ready || engine === undefined) return false
    const known = this.#comparisons.get(endpoint)
    if (known === undefined) return true
    known.version ??= version
    if (known.engine !== engine || known.version !== (version ?? known.version)) return true
    return known.verdict?.again === true && this.#host.clock() >= known.again
  }

  /** Endpoints that are gone have no say. */
  #forgetOthers(endpoints: readonly TokenEndpoint[]): void {
    let forgotten = false
    for (const endpoint of this.#comparisons.keys()) {
      if (endpoints.some((one) => one.endpoint === endpoint)) continue
      this.#comparisons.delete(endpoint)
      forgotten = true
    }
    if (forgotten) this.#settle()
  }

  async #compareWith(asked: TokenEndpoint): Promise<void> {
    const comparison = this.#begin(asked)
    try {
      const found = await this.#host.judge(asked, this.#abort.signal)
      const current = this.#comparisons.get(asked.endpoint) === comparison && !this.#abort.signal.aborted
      if (current) this.#end(asked.endpoint, comparison, found)
    } catch (error) {
      // Nothing else than the end of all this rejects.
      const { logger, model } = this.#host
      if (!this.#abort.signal.aborted) logger.error({ model, err: error }, 'tokens not compared')
    }
  }

  /** Takes down that an endpoint is asked. What is known stays in force while the same engine is asked again. */
  #begin({ endpoint, engine, ...asked }: TokenEndpoint): Comparison<Maker> {
    const before = this.#comparisons.get(endpoint)
    const version = asked.version ?? before?.version
    const same = before?.engine === engine && before?.version === version
    const retried = same && before?.verdict?.again === true ? before : undefined
    const pause = retried === undefined ? FIRST_PAUSE : Math.min(LONGEST_PAUSE, 2 * retried.pause)
    const comparison: Comparison<Maker> = {
      engine,
      version,
      verdict: retried?.verdict,
      again: Number.POSITIVE_INFINITY,
      pause,
    }
    this.#comparisons.set(endpoint, comparison)
    this.#settle()
    return comparison
  }

  #end(endpoint: EndpointState, comparison: Comparison<Maker>, found: TokenVerdict<Maker>): void {
    const before = comparison.verdict
    comparison.again = this.#host.clock() + comparison.pause
    // An engine that cannot be asked now has not changed its tokens.
    if (found.result === 'unknown' && before?.result === 'same') return
    comparison.verdict = found
    if (before?.result !== found.result || before.why !== found.why) this.#tell(endpoint, found)
    this.#settle()
  }

  #tell({ id }: EndpointState, { result, why }: TokenVerdict<Maker>): void {
    const { logger, model } = this.#host
    const line = { model, endpoint: id, reason: result, why }
    if (result === 'same') logger.info(line, "our tokens are the engine's")
    else logger.warn(line, "our tokens are not known to be the engine's")
  }

  /** Tells what kinds of prompts are tokenized, when that has changed. */
  #settle(): void {
    this.#host.settled()
    const { verdicts } = this
    const chat = verdicts.some((verdict) => verdict.chat !== undefined)
    const text = verdicts.some((verdict) => verdict.text !== undefined)
    const exact = [...(chat ? ['chat'] : []), ...(text ? ['completions'] : [])]
    const told = exact.join(', ')
    if (told === this.#told) return
    this.#told = told
    const { logger, model } = this.#host
    if (exact.length > 0) logger.info({ model, exact }, 'prompts are tokenized')
    else logger.warn({ model, exact }, 'prompts are matched by their bytes: no endpoint agrees with the tokenizer')
  }
}
