import type { Config, ConfigTokenizer } from '../config/config.ts'
import type { EndpointState } from '../core/endpoint-state.ts'
import type { SchedulingRequest } from '../core/request.ts'
import type { FoundTokens, TokenFinder } from '../gateway/found-tokens.ts'
import type { UnderstoodRequest } from '../gateway/understand.ts'
import type { Route } from '../protocol/route.ts'
import { TokenCounts } from './token-counts.ts'
import type { TokenSource, TokenState } from './token-source.ts'
import { TokensLibrary } from './tokens-library.ts'
import { TokensOfEngines } from './tokens-of-engines.ts'
import { ModelTokens, type ModelTokensHost } from './tokens-of-model.ts'
import { TokenSearch, type TokenSearchHost } from './tokens-search.ts'

export interface TokensHost extends Omit<ModelTokensHost, 'library' | 'search'>, TokenSearchHost {}

/** Seconds between two looks for engines that have not been asked. */
const LOOK_AGAIN = 2

/** Finds out the tokens of chats and text prompts, with what is configured for models: tokenizers, or their engines' routes. */
export class TokensOfPrompts implements TokenFinder, Disposable {
  readonly #host: TokensHost
  readonly #modelHost: ModelTokensHost
  readonly #models = new Map<string, TokenSource>()
  /** Those that are to take the place of others once they are loaded. */
  readonly #next = new Map<string, TokenSource>()
  readonly #counts = new TokenCounts<TokenSource>()
  #timer: NodeJS.Timeout | undefined

  constructor(host: TokensHost) {
    this.#host = host
    const library = new TokensLibrary((why) => host.logger.warn({ why }, 'tokenizers run in a thread of their own'))
    this.#modelHost = {
      library,
      search: new TokenSearch(host),
      logger: host.logger,
      clock: () => host.clock(),
      endpointsOf: (model) => host.endpointsOf(model),
      changed: () => host.changed(),
    }
  }

  /**
   * Takes over what is configured. A changed tokenizer takes the place of the old one once it is loaded; one that cannot be
   * loaded leaves the old one in force.
   */
  apply(pools: Config['pools']): void {
    const wanted = new Map(
      pools.flatMap(({ model, tokenizer }) => (isUsed(tokenizer) ? [[model, tokenizer] as const] : [])),
    )
    for (const [model, tokens] of [...this.#models, ...this.#next]) if (!wanted.has(model)) this.#drop(model, tokens)
    for (const [model, settings] of wanted) this.#want(model, settings)
    clearInterval(this.#timer)
    if (wanted.size > 0) this.#timer = setInterval(() => this.#lookAgain(), LOOK_AGAIN * 1000).unref()
  }

  /** Rejects where a tokenizer that must be there cannot be loaded. */
  async ready(): Promise<void> {
    const needed = [...this.#models.values()].filter(({ settings }) => settings.mode === 'exact')
    await Promise.all(needed.map(({ loaded }) => loaded))
  }

  /** The endpoint may run something else than before. */
  restarted(endpoint: EndpointState): void {
    for (const tokens of this.#models.values()) tokens.restarted(endpoint)
  }

  /** What is known of an endpoint's tokens, for each model with a tokenizer. */
  statesOf(endpoint: EndpointState, models: readonly string[]): ({ readonly model: string } & TokenState)[] {
    return models.flatMap((model) => {
      const tokens = this.#models.get(model)
      return tokens === undefined ? [] : [{ model, ...tokens.stateOf(endpoint) }]
    })
  }

  /** Why this endpoint's blocks cannot be looked up by the tokens that others of its model have; undefined where they can. */
  differs(endpoint: EndpointState): string | undefined {
    for (const tokens of this.#models.values()) {
      const why = tokens.differs(endpoint)
      if (why !== undefined) return why
    }
    return undefined
  }

  find(route: Route, request: UnderstoodRequest, body: Uint8Array): Promise<FoundTokens | undefined> | undefined {
    if (this.#models.size === 0 || request.tokenIds) return undefined
    const { model, base } = request.pool
    // An adapter has the tokenizer of its base model.
    const tokens = this.#models.get(model) ?? (base === undefined ? undefined : this.#models.get(base))
    if (tokens === undefined) return undefined
    const { mode, forwardIds } = tokens.settings
    const wanted = this.#host.tokenBlocks.wantedBy(request.pool) || mode === 'exact'
    if (route.name === 'chat' && wanted) return this.#watch(tokens, tokens.find('chat', request, body))
    if (route.name !== 'completions' || !(wanted || forwardIds)) return undefined
    return this.#watch(tokens, tokens.find('text', request, body))
  }

  /** How many tokens the engine says that a prompt had; undefined where it did not say. */
  counted(endpoint: EndpointState | undefined, request: SchedulingRequest, promptTokens: number | undefined): void {
    if (endpoint === undefined || promptTokens === undefined || this.#models.size === 0) return
    const wrong = this.#counts.reported(endpoint.id, request, promptTokens)
    wrong?.source.miscounted(endpoint, wrong.why)
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer)
    for (const [model, tokens] of [...this.#models, ...this.#next]) this.#drop(model, tokens)
  }

  /** The number of tokens found is kept, until the engine has said its own. */
  #watch(source: TokenSource, search: Promise<FoundTokens | undefined> | undefined) {
    return search?.then((found) => {
      if (found?.keys !== undefined && found.prefix !== true) this.#counts.found(source, found.keys, found.ids.length)
      return found
    })
  }

  #want(model: string, settings: ConfigTokenizer): void {
    const current = this.#models.get(model)
    const last = this.#next.get(model) ?? current
    // One that could not be loaded is tried again.
    if (last !== undefined && last.fault === undefined && JSON.stringify(last.settings) === JSON.stringify(settings))
      return
    this.#next.get(model)?.[Symbol.dispose]()
    const next = this.#create(model, settings)
    if (current === undefined) this.#models.set(model, next)
    else this.#next.set(model, next)
    next.loaded.then(
      () => this.#takeOver(model, next),
      (error: Error) => this.#failed(model, next, error),
    )
  }

  #create(model: string, settings: ConfigTokenizer): TokenSource {
    const { path } = settings
    if (path === undefined) return new TokensOfEngines(model, settings, this.#host)
    return new ModelTokens(model, { ...settings, path }, this.#modelHost)
  }

  #takeOver(model: string, next: TokenSource): void {
    if (this.#next.get(model) !== next) return
    this.#next.delete(model)
    this.#models.get(model)?.[Symbol.dispose]()
    this.#models.set(model, next)
    this.#host.changed()
  }

  #failed(model: string, next: TokenSource, { message: problem }: Error): void {
    const waits = this.#next.get(model) === next
    if (!waits && this.#models.get(model) !== next) return
    const works = waits && this.#models.get(model)?.fault === undefined
    const then = works ? 'the old tokenizer stays in force' : 'prompts are matched by their bytes'
    this.#host.logger.error({ model, problem }, `tokenizer not loaded; ${then}`)
    if (!waits) return
    this.#next.delete(model)
    next[Symbol.dispose]()
  }

  #drop(model: string, tokens: TokenSource): void {
    for (const map of [this.#models, this.#next]) if (map.get(model) === tokens) map.delete(model)
    tokens[Symbol.dispose]()
    this.#host.changed()
  }

  #lookAgain(): void {
    for (const tokens of this.#models.values()) tokens.compare()
  }
}

function isUsed(tokenizer: ConfigTokenizer | undefined): tokenizer is ConfigTokenizer {
  return tokenizer !== undefined && tokenizer.mode !== 'off'
}
