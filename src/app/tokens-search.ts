import type { TokenBlocks } from '../core/token-blocks.ts'
import type { FoundTokens } from '../gateway/found-tokens.ts'
import type { UnderstoodRequest } from '../gateway/understand.ts'
import { promptPlace } from '../protocol/prompt-place.ts'
import type { PromptTokens } from '../tokenizer/prompt-tokenizer.ts'
import type { ModelTokens } from './tokens-of-model.ts'

/** What became of the search for a prompt's tokens. A closed set: it is a label of a metric. */
export type TokenResult = 'exact' | 'late' | Extract<PromptTokens, { readonly exact: false }>['fault']

export interface TokenSearchHost {
  readonly tokenBlocks: TokenBlocks
  /** Seconds. */
  clock(): number
  /** Seconds that a request waited for its tokens, and what came of it. */
  sought(model: string, result: TokenResult, seconds: number): void
}

/** What makes a model's tokens. */
type TokenMaker = Pick<ModelTokens, 'model' | 'settings' | 'chat' | 'text'>

/** Prompts whose requests have gone on without their tokens; more than these would only keep later ones waiting. */
const MOST_LATE = 8
/** Bytes of a body above which its tokens are not sought. */
const LARGEST_BODY = 8 << 20
/** Members that change a prompt behind the template's back. */
const INEXACT_MEMBERS = ['"truncate_prompt_tokens"', '"add_special_tokens"', '"prompt_embeds"']

const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

/** Searches for the tokens of one prompt after the other, none for longer than its model's deadline. */
export class TokenSearch {
  readonly #host: TokenSearchHost
  #late = 0

  constructor(host: TokenSearchHost) {
    this.#host = host
  }

  /** The tokens of a chat's body; undefined at once where they are not to be had. */
  chat(tokens: TokenMaker, request: UnderstoodRequest, body: Uint8Array): Promise<FoundTokens | undefined> | undefined {
    const { chat } = tokens
    if (chat === undefined || this.#isBusy(tokens)) return undefined
    const started = this.#host.clock()
    return this.#await(inexact(body) ?? chat.chat(body), tokens, request, started)
  }

  /** The tokens of a text prompt; undefined at once where there is no single one, or where they are not to be had. */
  text(tokens: TokenMaker, request: UnderstoodRequest, body: Uint8Array): Promise<FoundTokens | undefined> | undefined {
    const { text } = tokens
    const place = text === undefined ? undefined : promptPlace(request.prompt)
    if (text === undefined || place === undefined || this.#isBusy(tokens)) return undefined
    const started = this.#host.clock()
    const search = inexact(body) ?? text.text(String(JSON.parse(decoder.decode(body.subarray(place.start, place.end)))))
    return this.#await(search, tokens, request, started)
  }

  #isBusy({ model }: TokenMaker): boolean {
    if (this.#late < MOST_LATE) return false
    this.#host.sought(model, 'busy', 0)
    return true
  }

  async #await(
    search: Promise<PromptTokens>,
    { model, settings }: TokenMaker,
    { served, cacheSalt }: UnderstoodRequest,
    started: number,
  ): Promise<FoundTokens | undefined> {
    const { tokenBlocks } = this.#host
    const left = settings.deadline - (this.#host.clock() - started)
    const found = await this.#within(search, 1000 * Math.max(0, left))
    const result = found === undefined ? 'late' : found.exact ? 'exact' : found.fault
    this.#host.sought(model, result, this.#host.clock() - started)
    if (found?.exact !== true) return undefined
    const ids = found.tokens
    const keys = tokenBlocks.wanted ? tokenBlocks.keysOf(ids, { model: served, cacheSalt }) : undefined
    return { ids, keys, forward: settings.forwardIds }
  }

  /** Undefined after so many milliseconds; the search goes on then, so that the next turn finds its tokens remembered. */
  async #within(search: Promise<PromptTokens>, milliseconds: number): Promise<PromptTokens | undefined> {
    const late = Promise.withResolvers<undefined>()
    const timer = setTimeout(late.resolve, milliseconds, undefined)
    const found = await Promise.race([search, late.promise])
    clearTimeout(timer)
    if (found === undefined) {
      this.#late++
      void search.finally(() => this.#late--)
    }
    return found
  }
}

/** Why a body's prompt has no exact tokens, where that can be seen at once. */
function inexact(body: Uint8Array): Promise<PromptTokens> | undefined {
  if (body.length > LARGEST_BODY) {
    return refused(`expected a body of at most ${LARGEST_BODY} bytes, found ${body.length}`)
  }
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.length)
  const member = INEXACT_MEMBERS.find((name) => bytes.includes(name))
  return member === undefined ? undefined : refused(`expected no member ${member}, found it`)
}

function refused(reason: string): Promise<PromptTokens> {
  return Promise.resolve({ exact: false, fault: 'inexact', reason })
}
