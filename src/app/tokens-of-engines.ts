import type { ConfigTokenizer } from '../config/config.ts'
import type { EndpointState } from '../core/endpoint-state.ts'
import type { FoundTokens } from '../gateway/found-tokens.ts'
import type { UnderstoodRequest } from '../gateway/understand.ts'
import { EngineQuestions } from '../tokenizer/engine-questions.ts'
import { createRemoteTokenizer } from '../tokenizer/remote-tokenizer.ts'
import { checkAnswers, type EngineAnswers } from './engine-answers.ts'
import { remoteEngine } from './remote-engines.ts'
import { TokenComparisons, type TokenEndpoint } from './token-comparisons.ts'
import { type PromptKind, stateOfVerdict, type TokenSource, type TokenState } from './token-source.ts'
import type { TokenVerdict } from './token-verdict.ts'
import { TokensByAsking } from './tokens-by-asking.ts'
import type { ModelTokensHost } from './tokens-of-model.ts'
import type { TokenSearchHost } from './tokens-search.ts'

export type EngineTokensHost = Omit<ModelTokensHost, 'library' | 'search'> & TokenSearchHost

/** An endpoint whose engine tells its tokens. */
interface AskedEndpoint {
  readonly endpoint: EndpointState
  readonly questions: EngineQuestions
  readonly answers: EngineAnswers
}

/** One model's tokens by its engines' own routes, as far as the engines agree with one another. */
export class TokensOfEngines implements TokenSource {
  readonly model: string
  readonly settings: ConfigTokenizer
  readonly loaded = Promise.resolve()
  readonly fault = undefined
  readonly #host: EngineTokensHost
  readonly #comparisons: TokenComparisons<AskedEndpoint>
  #search: TokensByAsking | undefined

  constructor(model: string, settings: ConfigTokenizer, host: EngineTokensHost) {
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
  }

  stateOf(endpoint: EndpointState): TokenState {
    return stateOfVerdict(this.#comparisons.verdictOf(endpoint), 'asked')
  }

  differs(endpoint: EndpointState): string | undefined {
    return this.#comparisons.differs(endpoint)
  }

  restarted(endpoint: EndpointState): void {
    this.#comparisons.restarted(endpoint)
  }

  compare(): void {
    this.#comparisons.compare()
  }

  miscounted(endpoint: EndpointState, why: string): void {
    this.#comparisons.overrule(endpoint, why)
  }

  find(kind: PromptKind, request: UnderstoodRequest, body: Uint8Array): Promise<FoundTokens | undefined> | undefined {
    if (this.#askedFor(kind).length === 0) return undefined
    return this.#search?.find(kind, request, body)
  }

  [Symbol.dispose](): void {
    this.#comparisons[Symbol.dispose]()
    this.#search = undefined
  }

  #askedFor(kind: PromptKind): AskedEndpoint[] {
    return this.#comparisons.verdicts.flatMap((verdict) => verdict[kind] ?? [])
  }

  async #judge(asked: TokenEndpoint, signal: AbortSignal): Promise<TokenVerdict<AskedEndpoint>> {
    const { endpoint, headers } = asked
    const { url } = endpoint
    const engine = remoteEngine(asked.engine)
    if (engine === undefined) {
      const why = `${asked.engine} has no route that tells its tokens; give tokenizer.path`
      return { result: 'unknown', chat: undefined, text: undefined, why, again: false }
    }
    const remote = createRemoteTokenizer({ engine, url, headers, model: this.model })
    const { answers, chat, text, ...verdict } = await checkAnswers(remote, this.model, this.#reference(), signal)
    const { logger } = this.#host
    const line = { model: this.model, endpoint: endpoint.id }
    const questions = new EngineQuestions({
      engine,
      url,
      headers,
      clock: () => this.#host.clock(),
      onFailing(why) {
        if (why === undefined) logger.info(line, 'the engine tells its tokens again')
        else logger.warn({ ...line, why }, 'the engine does not tell its tokens; it is asked again later')
      },
    })
    const maker = { endpoint, questions, answers }
    return { ...verdict, chat: chat ? maker : undefined, text: text ? maker : undefined }
  }

  /** What the engines that are asked have said of the prompts that all are compared by. */
  #reference(): EngineAnswers | undefined {
    const [chats] = this.#askedFor('chat')
    const [texts] = this.#askedFor('text')
    if (chats === undefined && texts === undefined) return undefined
    const lost = chats?.answers.lost ?? 0
    return { chats: chats?.answers.chats, texts: texts?.answers.texts, lost }
  }

  /** What was learned is forgotten with the last engine that told it: the next one may have other tokens. */
  #settled(): void {
    const reference = this.#reference()
    if (reference === undefined) this.#search = undefined
    else this.#search ??= this.#createSearch(reference)
    this.#host.changed()
  }

  #createSearch({ lost }: EngineAnswers): TokensByAsking {
    const { tokenBlocks } = this.#host
    const { model, settings } = this
    return new TokensByAsking(
      {
        model,
        settings,
        tokenBlocks,
        mayForward: () => settings.forwardIds && this.#comparisons.allAgree('text'),
        clock: () => this.#host.clock(),
        sought: (name, result, seconds) => this.#host.sought(name, result, seconds),
        engineFor: (kind) => this.#engineFor(kind),
      },
      { chat: lost, text: LOST_OF_TEXTS },
    )
  }

  /** The least busy engine, by what it is asked and what it works on. */
  #engineFor(kind: PromptKind): EngineQuestions | 'busy' | 'remote' {
    const willing = this.#askedFor(kind).filter(({ endpoint, questions }) => endpoint.ready && !questions.resting)
    const free = willing.filter(({ questions }) => !questions.full)
    const [best] = free.sort((a, b) => loadOf(a) - loadOf(b))
    if (best !== undefined) return best.questions
    return willing.length > 0 ? 'busy' : 'remote'
  }
}

/** Of a text the last word may go on in the next one. */
const LOST_OF_TEXTS = 4
/** A question weighs as much as so many requests in flight: most of its work is done beside the engine's steps. */
const REQUESTS_A_QUESTION = 4

function loadOf({ endpoint, questions }: AskedEndpoint): number {
  const { inFlight, engineWaiting } = endpoint.signals
  return REQUESTS_A_QUESTION * questions.pending + inFlight + (engineWaiting ?? 0)
}
