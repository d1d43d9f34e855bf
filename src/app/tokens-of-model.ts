import type { ConfigTokenizer } from '../config/config.ts'
import type { EndpointState } from '../core/endpoint-state.ts'
import type { FoundTokens } from '../gateway/found-tokens.ts'
import type { UnderstoodRequest } from '../gateway/understand.ts'
import type { ProgramLog } from '../observe/program-log.ts'
import { createPromptTokenizer, type PromptTokenizer } from '../tokenizer/prompt-tokenizer.ts'
import { messageOf } from '../tokenizer/tokenizer-error.ts'
import { remoteEngine } from './remote-engines.ts'
import { TokenComparisons, type TokenEndpoint } from './token-comparisons.ts'
import { type PromptKind, stateOfVerdict, type TokenSource, type TokenState } from './token-source.ts'
import type { TokenVerdict } from './token-verdict.ts'
import { checkTokens } from './tokens-check.ts'
import type { BorrowedTokens, LoadedTokens, TokensLibrary } from './tokens-library.ts'
import type { TokenSearch } from './tokens-search.ts'

/** A tokenizer of our own. */
export type LocalTokenizer = ConfigTokenizer & { readonly path: string }

export interface ModelTokensHost extends Pick<ProgramLog, 'logger'> {
  readonly library: TokensLibrary
  readonly search: TokenSearch
  /** Seconds. */
  clock(): number
  /** The endpoints that serve the model. */
  endpointsOf(model: string): readonly TokenEndpoint[]
  /** Which endpoints have other tokens may have changed. */
  changed(): void
}

const LOADING: TokenState = { exact: false, reason: 'loading', why: 'the tokenizer is being loaded' }

/** One model's tokenizer: loads it, and uses it as far as the model's engines agree with it. */
export class ModelTokens implements TokenSource {
  readonly model: string
  readonly settings: LocalTokenizer
  readonly loaded: Promise<void>
  /** Makes the tokens of chats, while they are known to be right. */
  chat: PromptTokenizer | undefined
  /** Makes the tokens of plain prompts, while they are known to be right. */
  text: PromptTokenizer | undefined
  readonly #host: ModelTokensHost
  readonly #comparisons: TokenComparisons<PromptTokenizer>
  readonly #borrowed: BorrowedTokens
  #tokens: LoadedTokens | undefined
  /** Endpoints that count otherwise although the tokenizer is to be taken at its word: told once. */
  readonly #distrusted = new Set<string>()
  #fault: string | undefined
  #disposed = false

  constructor(model: string, settings: LocalTokenizer, host: ModelTokensHost) {
    this.model = model
    this.settings = settings
    this.#host = host
    this.#comparisons = new TokenComparisons({
      model,
      logger: host.logger,
      clock: () => host.clock(),
      endpointsOf: (name) => host.endpointsOf(name),
      judge: (asked, signal) => this.#judge(asked, signal),
      settled: () => this.#settled(),
    })
    this.#borrowed = host.library.take(settings.path, settings.cacheBytes)
    this.loaded = this.#load()
    // Whoever waits for it is told; nobody has to.
    this.loaded.catch(() => undefined)
  }

  get fault(): string | undefined {
    return this.#fault
  }

  stateOf(endpoint: EndpointState): TokenState {
    if (this.#fault !== undefined) return { exact: false, reason: 'broken', why: this.#fault }
    if (this.#tokens === undefined) return LOADING
    if (this.settings.remote === 'off') {
      return { exact: true, reason: 'trusted', why: 'engines are not asked: tokenizer.remote is off' }
    }
    return stateOfVerdict(this.#comparisons.verdictOf(endpoint), 'same')
  }

  differs(endpoint: EndpointState): string | undefined {
    return this.#comparisons.differs(endpoint)
  }

  restarted(endpoint: EndpointState): void {
    if (this.#isComparing) this.#comparisons.restarted(endpoint)
  }

  compare(): void {
    if (this.#isComparing) this.#comparisons.compare()
  }

  miscounted(endpoint: EndpointState, why: string): void {
    if (this.settings.remote !== 'off') this.#comparisons.overrule(endpoint, why)
    else if (!this.#distrusted.has(endpoint.id)) {
      this.#distrusted.add(endpoint.id)
      this.#host.logger.warn({ model: this.model, endpoint: endpoint.id, why }, "the tokenizer is not the engine's")
    }
  }

  get mayForward(): boolean {
    return this.settings.forwardIds && (this.settings.remote === 'off' || this.#comparisons.allAgree('text'))
  }

  find(kind: PromptKind, request: UnderstoodRequest, body: Uint8Array): Promise<FoundTokens | undefined> | undefined {
    return this.#host.search[kind](this, request, body)
  }

  [Symbol.dispose](): void {
    if (this.#disposed) return
    this.#disposed = true
    this.#comparisons[Symbol.dispose]()
    this.chat = this.text = undefined
    this.#borrowed[Symbol.dispose]()
  }

  get #isComparing(): boolean {
    return this.#tokens !== undefined && this.settings.remote !== 'off'
  }

  async #load(): Promise<void> {
    const { path, remote } = this.settings
    try {
      this.#tokens = await this.#borrowed.loaded
    } catch (error) {
      this.#fault = messageOf(error)
      throw new Error(`the tokenizer of model '${this.model}' cannot be used: ${this.#fault}`, { cause: error })
    }
    if (this.#disposed) return
    const { encoder, spec } = this.#tokens
    const { disabled: whole, kind } = encoder
    this.#host.logger.info({ model: this.model, path, kind, ...(whole && { whole }) }, 'tokenizer loaded')
    if (remote === 'off') {
      const prompts = createPromptTokenizer(encoder, spec)
      const why = prompts.chatFault
      this.chat = why === undefined ? prompts : undefined
      this.text = prompts
      if (why !== undefined) this.#host.logger.warn({ model: this.model, why }, 'chats are matched by their bytes')
    } else this.compare()
  }

  async #judge(
    { endpoint, engine, headers }: TokenEndpoint,
    signal: AbortSignal,
  ): Promise<TokenVerdict<PromptTokenizer>> {
    const remote = remoteEngine(engine)
    if (remote === undefined || this.#tokens === undefined) {
      const advice = 'tokenizer.remote: off takes the tokenizer at its word'
      const why = `${engine} has no route that tells its tokens; ${advice}`
      return { result: 'unknown', chat: undefined, text: undefined, why, again: false }
    }
    const asked = { engine: remote, url: endpoint.url, headers, model: this.model }
    // What others agree with is kept.
    return await checkTokens(this.#tokens, asked, this.chat, signal)
  }

  /** What at least one endpoint agrees with is used. All that agree do so under the same settings. */
  #settled(): void {
    const { verdicts } = this.#comparisons
    this.chat = verdicts.find(({ chat }) => chat !== undefined)?.chat
    this.text = verdicts.find(({ text }) => text !== undefined)?.text
    this.#host.changed()
  }
}
