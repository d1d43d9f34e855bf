import { hash } from 'node:crypto'
import type { ConfigTokenizer } from '../config/config.ts'
import type { FoundTokens } from '../gateway/found-tokens.ts'
import type { UnderstoodRequest } from '../gateway/understand.ts'
import { jsonEdit, spliceBody } from '../protocol/body-edits.ts'
import type { EngineQuestions, Question } from '../tokenizer/engine-questions.ts'
import type { PromptTokens } from '../tokenizer/prompt-tokenizer.ts'
import { createTokenCache, type TokenCache } from '../tokenizer/token-cache.ts'
import { messageOf, TokenizerError } from '../tokenizer/tokenizer-error.ts'
import { PromptBeginnings } from './prompt-beginnings.ts'
import type { PromptKind } from './token-source.ts'
import { foundTokens, inexactBody, type TokenResult, type TokenSearchHost, textOf, within } from './tokens-search.ts'

export interface AskingHost extends TokenSearchHost {
  readonly model: string
  readonly settings: ConfigTokenizer
  /** Whether engines may be sent the ids of a text. */
  mayForward(): boolean
  /** The engine to ask next for the tokens of such a prompt, or why none is to be asked now. */
  engineFor(kind: PromptKind): EngineQuestions | 'busy' | 'remote'
}

/** Bytes of a body above which no engine is asked: to read a million ids holds up the event loop for 50 ms. */
const LARGEST_ASKED = 2 << 20
/** Share of a prompt that has to be known for its beginning to say more than what is predicted by bytes. */
const WORTH_IT = 1 / 2
/** Share from which the engine is not asked for the rest: of a growing conversation it is asked now and then only. */
const ENOUGH = 15 / 16
/** Share of the memory for prompts as a whole; what the next turn goes on with has the rest. */
const WHOLE_PROMPTS = 1 / 4

/**
 * Tokens by the routes of a model's engines. Small prompts wait for the answer, no longer than the deadline. Of larger ones
 * the beginning is used that was learned before, and an engine is asked behind the request, for the turns to come.
 */
export class TokensByAsking {
  readonly #host: AskingHost
  readonly #whole: TokenCache
  readonly #beginnings: Readonly<Record<PromptKind, PromptBeginnings>>
  /** A prompt is asked for once, for all who wait for it. */
  readonly #pending = new Map<string, Promise<PromptTokens>>()

  /** @param lost Tokens at the end of a prompt of each kind that the next turn may not have. */
  constructor(host: AskingHost, lost: Readonly<Record<PromptKind, number>>) {
    this.#host = host
    const { cacheBytes } = host.settings
    const half = ((1 - WHOLE_PROMPTS) * cacheBytes) / 2
    this.#whole = createTokenCache(WHOLE_PROMPTS * cacheBytes)
    this.#beginnings = { chat: new PromptBeginnings(half, lost.chat), text: new PromptBeginnings(half, lost.text) }
  }

  /** Nothing of the body is kept. Never rejects. */
  find(kind: PromptKind, request: UnderstoodRequest, body: Uint8Array): Promise<FoundTokens | undefined> | undefined {
    if (request.prompt.media > 0 || inexactBody(body) !== undefined) return this.#found(undefined, 'inexact', 0)
    const { inline } = this.#host.settings
    const beginning = this.#beginningOf(kind, request)
    if (body.length > inline && beginning !== undefined && beginning.share >= ENOUGH) {
      return this.#found(beginning.found, 'beginning', 0)
    }
    if (body.length > LARGEST_ASKED) return this.#found(beginning?.found, 'inexact', 0)
    const question = this.#question(kind, request, body)
    if (question === undefined) return undefined
    const answer = this.#ask(question, request)
    if (typeof answer === 'string') return this.#found(beginning?.found, answer, 0)
    if ('exact' in answer) return this.#found(this.#exact(answer, request), 'exact', 0)
    if (body.length > inline) return this.#found(beginning?.found, 'long', 0)
    return this.#await(answer, request, beginning?.found)
  }

  /** Undefined where there is no single text. An adapter has the tokenizer of its base model, which every endpoint serves. */
  #question(kind: PromptKind, request: UnderstoodRequest, body: Uint8Array): Question | undefined {
    const { model } = this.#host
    const content = kind === 'chat' ? chatFor(model, request, body) : textOf(request, body)
    return content === undefined ? undefined : { kind, content, model }
  }

  async #await(
    answer: Promise<PromptTokens>,
    request: UnderstoodRequest,
    beginning: FoundTokens | undefined,
  ): Promise<FoundTokens | undefined> {
    const started = this.#host.clock()
    const answered = await within(answer, 1000 * this.#host.settings.deadline)
    const seconds = this.#host.clock() - started
    if (answered?.exact === true) return await this.#found(this.#exact(answered, request), 'exact', seconds)
    return await this.#found(beginning, answered === undefined ? 'late' : answered.fault, seconds)
  }

  /** What a request gets, counted. */
  #found(found: FoundTokens | undefined, result: TokenResult, seconds: number): Promise<FoundTokens | undefined> {
    this.#host.sought(this.#host.model, found?.prefix === true ? 'beginning' : result, seconds)
    return Promise.resolve(found)
  }

  #exact({ tokens }: Extract<PromptTokens, { readonly exact: true }>, request: UnderstoodRequest): FoundTokens {
    return foundTokens(tokens, request, this.#host.tokenBlocks, this.#host.mayForward())
  }

  #beginningOf(
    kind: PromptKind,
    request: UnderstoodRequest,
  ): { readonly found: FoundTokens; readonly share: number } | undefined {
    const known = this.#beginnings[kind].recall(request.blocks)
    const share = known === undefined ? 0 : known.blocks / request.blocks.count
    if (known === undefined || share < WORTH_IT) return undefined
    return { found: { ...foundTokens(known.ids, request, this.#host.tokenBlocks, false), prefix: true }, share }
  }

  /** The tokens where they are known, their promise where an engine is asked, or why none is. */
  #ask(
    question: Question,
    { blocks }: UnderstoodRequest,
  ): Extract<PromptTokens, { readonly exact: true }> | Promise<PromptTokens> | 'busy' | 'remote' {
    const key = hash('sha256', `${question.kind}\n${question.model}\n${question.content}`, 'base64')
    const known = this.#whole.get(key)
    if (known !== undefined) return { exact: true, tokens: known }
    const pending = this.#pending.get(key)
    if (pending !== undefined) return pending
    const engine = this.#host.engineFor(question.kind)
    if (typeof engine === 'string') return engine
    const answer = engine.ask(question).then(
      (tokens): PromptTokens => {
        this.#whole.set(key, tokens)
        this.#beginnings[question.kind].learn(blocks, tokens)
        return { exact: true, tokens }
      },
      (error: unknown): PromptTokens => {
        const fault = error instanceof TokenizerError ? error.fault : 'failed'
        return { exact: false, fault, reason: messageOf(error) }
      },
    )
    this.#pending.set(key, answer)
    void answer.finally(() => this.#pending.delete(key))
    return answer
  }
}

const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

/** The body of a chat with the name that engines know its model by. */
function chatFor(model: string, { naming }: UnderstoodRequest, body: Uint8Array): string {
  if (naming === undefined || naming.written === model) return decoder.decode(body)
  return decoder.decode(spliceBody(body, [jsonEdit(naming.range, model)], (length) => new Uint8Array(length)))
}
