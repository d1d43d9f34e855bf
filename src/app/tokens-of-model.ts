import type { ConfigTokenizer } from '../config/config.ts'
import type { EndpointState } from '../core/endpoint-state.ts'
import type { ProgramLog } from '../observe/program-log.ts'
import type { EngineName } from '../signals/metrics/engine-table.ts'
import type { RemoteEngine } from '../tokenizer/engine-tokens.ts'
import { createPromptTokenizer, type PromptTokenizer } from '../tokenizer/prompt-tokenizer.ts'
import { messageOf } from '../tokenizer/tokenizer-error.ts'
import { checkTokens, type TokenVerdict } from './tokens-check.ts'
import type { LoadedTokens, TokensLibrary } from './tokens-library.ts'

/** What is known of an endpoint's engine. */
export interface TokenEndpoint {
  readonly endpoint: EndpointState
  /** Undefined until it is found out. */
  readonly engine: EngineName | undefined
  readonly version: string | undefined
  readonly headers: Readonly<Record<string, string>>
}

export interface ModelTokensHost extends Pick<ProgramLog, 'logger'> {
  readonly library: TokensLibrary
  /** Seconds. */
  clock(): number
  /** The endpoints that serve the model. */
  endpointsOf(model: string): readonly TokenEndpoint[]
  /** Which endpoints have other tokens may have changed. */
  changed(): void
}

/** Whether and why an endpoint's tokens are known. A closed set: it is a label of a metric. */
export type TokenReason = 'same' | 'trusted' | 'different' | 'unknown' | 'waiting' | 'loading' | 'broken'

export interface TokenState {
  readonly exact: boolean
  readonly reason: TokenReason
  /** The same for people. */
  readonly why: string
}

/** Our tokens beside those of one endpoint. */
interface Comparison {
  readonly engine: EngineName | undefined
  version: string | undefined
  verdict: TokenVerdict | undefined
  /** On the clock, when it is to be tried again. */
  again: number
  /** Seconds. */
  readonly pause: number
}

const REMOTE_ENGINES: Readonly<Partial<Record<EngineName, RemoteEngine>>> = {
  vllm: 'vllm',
  sglang: 'sglang',
  'llama-cpp': 'llama.cpp',
}
/** Seconds until an engine that could not be asked is asked again; doubles. */
const FIRST_PAUSE = 5
const LONGEST_PAUSE = 600

const LOADING: TokenState = { exact: false, reason: 'loading', why: 'the tokenizer is being loaded' }
const WAITING: TokenState = { exact: false, reason: 'waiting', why: 'its engine has not been asked for its tokens yet' }

/** One model's tokenizer: loads it, and uses it as far as the model's engines agree with it. */
export class ModelTokens implements Disposable {
  readonly model: string
  readonly settings: ConfigTokenizer
  /** Resolves once it can be used; rejects with a message where it cannot be loaded. */
  readonly loaded: Promise<void>
  /** Makes the tokens of chats, while they are known to be right. */
  chat: PromptTokenizer | undefined
  /** Makes the tokens of plain prompts, while they are known to be right. */
  text: PromptTokenizer | undefined
  readonly #host: ModelTokensHost
  readonly #abort = new AbortController()
  readonly #comparisons = new Map<EndpointState, Comparison>()
  #tokens: LoadedTokens | undefined
  #fault: string | undefined
  #comparing = false
  #told = ''

  constructor(model: string, settings: ConfigTokenizer, host: ModelTokensHost) {
    this.model = model
    this.settings = settings
    this.#host = host
    this.loaded = this.#load()
    // Whoever waits for it is told; nobody has to.
    this.loaded.catch(() => undefined)
  }

  /** Where it cannot be loaded, why not. */
  get fault(): string | undefined {
    return this.#fault
  }

  /** Whether this endpoint's tokens are those we make, and why. */
  stateOf(endpoint: EndpointState): TokenState {
    if (this.#fault !== undefined) return { exact: false, reason: 'broken', why: this.#fault }
    if (this.#tokens === undefined) return LOADING
    if (this.settings.remote === 'off') {
      return { exact: true, reason: 'trusted', why: 'engines are not asked: tokenizer.remote is off' }
    }
    const verdict = this.#comparisons.get(endpoint)?.verdict
    if (verdict === undefined) return WAITING
    return { exact: verdict.result === 'same', reason: verdict.result, why: verdict.why }
  }

  /** Why this endpoint's blocks cannot be looked up by the tokens that others have; undefined where they can. */
  differs(endpoint: EndpointState): string | undefined {
    const verdict = this.#comparisons.get(endpoint)?.verdict
    if (verdict?.result !== 'different') return undefined
    const chat = this.chat !== undefined && verdict.chat === undefined
    const text = this.text !== undefined && verdict.text === undefined
    return chat || text ? verdict.why : undefined
  }

  /** The endpoint may run something else than before. */
  restarted(endpoint: EndpointState): void {
    if (this.#comparisons.delete(endpoint)) this.#settle()
    this.compare()
  }

  /** Asks the engines that have not been asked yet, one after the other. */
  compare(): void {
    if (this.#comparing || this.#tokens === undefined || this.settings.remote === 'off') return
    if (this.#abort.signal.aborted) return
    const endpoints = this.#host.endpointsOf(this.model)
    this.#forgetOthers(endpoints)
    const next = endpoints.find((one) => this.#isDue(one))
    if (next === undefined) return
    this.#comparing = true
    void this.#compareWith(next, this.#tokens).finally(() => {
      this.#comparing = false
      this.compare()
    })
  }

  [Symbol.dispose](): void {
    if (this.#abort.signal.aborted) return
    this.#abort.abort(new Error('the tokenizer is not used any more'))
    this.chat = this.text = undefined
    this.#host.library.giveBack(this.settings.path, this.settings.cacheBytes)
  }

  async #load(): Promise<void> {
    const { path, cacheBytes, remote } = this.settings
    try {
      this.#tokens = await this.#host.library.take(path, cacheBytes)
    } catch (error) {
      this.#fault = messageOf(error)
      throw new Error(`the tokenizer of model '${this.model}' cannot be used: ${this.#fault}`, { cause: error })
    }
    if (this.#abort.signal.aborted) return
    const { encoder, spec } = this.#tokens
    const { disabled: whole, kind } = encoder
    this.#host.logger.info({ model: this.model, path, kind, ...(whole && { whole }) }, 'tokenizer loaded')
    if (remote === 'off') {
      const prompts = createPromptTokenizer(encoder, spec)
      this.chat = prompts.chatFault === undefined ? prompts : undefined
      this.text = prompts
    } else this.compare()
  }

  #isDue({ endpoint, engine, version }: TokenEndpoint): boolean {
    if (!endpoint.ready || engine === undefined) return false
    const known = this.#comparisons.get(endpoint)
    if (known === undefined) return true
    known.version ??= version
    if (known.engine !== engine || known.version !== (version ?? known.version)) return true
    return known.verdict?.result === 'unknown' && this.#host.clock() >= known.again
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

  async #compareWith(asked: TokenEndpoint, tokens: LoadedTokens): Promise<void> {
    const { endpoint, engine, version } = asked
    const before = this.#comparisons.get(endpoint)
    const retried = before?.verdict?.result === 'unknown'
    const pause = retried ? Math.min(LONGEST_PAUSE, 2 * before.pause) : FIRST_PAUSE
    const comparison: Comparison = { engine, version, verdict: before?.verdict, again: Number.POSITIVE_INFINITY, pause }
    this.#comparisons.set(endpoint, comparison)
    // What others agree with is kept.
    if (!retried) comparison.verdict = undefined
    this.#settle()
    try {
      const verdict = await this.#verdict(asked, tokens)
      if (this.#comparisons.get(endpoint) !== comparison || this.#abort.signal.aborted) return
      comparison.verdict = verdict
      comparison.again = this.#host.clock() + pause
      if (verdict.result !== 'unknown' || before?.verdict?.why !== verdict.why) this.#tell(endpoint, verdict)
      this.#settle()
    } catch (error) {
      // Nothing else than the end of all this rejects.
      if (!this.#abort.signal.aborted) this.#host.logger.error({ model: this.model, err: error }, 'tokens not compared')
    }
  }

  async #verdict({ endpoint, engine, headers }: TokenEndpoint, tokens: LoadedTokens): Promise<TokenVerdict> {
    const remote = engine === undefined ? undefined : REMOTE_ENGINES[engine]
    if (remote === undefined) {
      const advice = 'tokenizer.remote: off takes the tokenizer at its word'
      const why = `${engine} has no route that tells its tokens; ${advice}`
      return { result: 'unknown', chat: undefined, text: undefined, why }
    }
    const asked = { engine: remote, url: endpoint.url, headers, model: this.model }
    return await checkTokens(tokens, asked, this.chat, this.#abort.signal)
  }

  #tell({ id }: EndpointState, { result, why }: TokenVerdict): void {
    const line = { model: this.model, endpoint: id, reason: result, why }
    if (result === 'same') this.#host.logger.info(line, "our tokens are the engine's")
    else this.#host.logger.warn(line, "our tokens are not known to be the engine's")
  }

  /** What at least one endpoint agrees with is used. All that agree do so under the same settings. */
  #settle(): void {
    const verdicts = [...this.#comparisons.values()].map(({ verdict }) => verdict)
    const chats = verdicts.flatMap((verdict) => verdict?.chat ?? [])
    const texts = verdicts.flatMap((verdict) => verdict?.text ?? [])
    this.chat = chats[0]
    this.text = texts[0]
    this.#host.changed()
    const exact = [...(this.chat === undefined ? [] : ['chat']), ...(this.text === undefined ? [] : ['completions'])]
    const told = exact.join(', ')
    if (told === this.#told) return
    this.#told = told
    const line = { model: this.model, exact }
    if (exact.length > 0) this.#host.logger.info(line, 'prompts are tokenized')
    else this.#host.logger.warn(line, 'prompts are matched by their bytes: no endpoint agrees with the tokenizer')
  }
}
