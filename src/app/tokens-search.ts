import type { TokenBlocks } from '../core/token-blocks.ts'
import type { FoundTokens } from '../gateway/found-tokens.ts'
import type { UnderstoodRequest } from '../gateway/understand.ts'
import { promptPlace } from '../protocol/prompt-place.ts'
import type { PromptTokens } from '../tokenizer/prompt-tokenizer.ts'
import type { ModelTokens } from './tokens-of-model.ts'

/** What became of the search for a prompt's tokens. A closed set: it is a label of a metric. */
export type TokenResult =
  | 'exact'
  | 'beginning'
  | 'late'
  | 'long'
  | Extract<PromptTokens, { readonly exact: false }>['fault']

export interface TokenSearchHost {
  readonly tokenBlocks: TokenBlocks
  /** Seconds. */
  clock(): number
  /** Seconds that a request waited for its tokens, and what came of it. */
  sought(model: string, result: TokenResult, seconds: number): void
}

/** What makes a model's tokens here. */
type TokenMaker = Pick<ModelTokens, 'model' | 'settings' | 'chat' | 'text' | 'mayForward'>

/** Prompts whose requests have gone on without their tokens; more than these would only keep later ones waiting. */
const MOST_LATE = 8
/** Bytes of a body for which a request waits the deadline once more: a tokenizer reads that much in some 20 ms. */
const DEADLINE_BYTES = 32 << 10
/** Bytes of a body above which its tokens are not sought. */
const LARGEST_BODY = 8 << 20
/** Members that change a prompt behind the template's back. */
const INEXACT_MEMBERS = ['"truncate_prompt_tokens"', '"add_special_tokens"', '"prompt_embeds"']

const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

/** Searches for the tokens of one prompt after the other, none for longer than its model's deadline allows for its length. */
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
    const latest = started + deadlineOf(tokens, body)
    return this.#await(inexact(body) ?? chat.chat(body), tokens, request, { started, latest })
  }

  /** The tokens of a text prompt; undefined at once where there is no single one, or where they are not to be had. */
  text(tokens: TokenMaker, request: UnderstoodRequest, body: Uint8Array): Promise<FoundTokens | undefined> | undefined {
    const { text } = tokens
    if (text === undefined || promptPlace(request.prompt) === undefined || this.#isBusy(tokens)) return undefined
    const started = this.#host.clock()
    const latest = started + deadlineOf(tokens, body)
    return this.#await(inexact(body) ?? text.text(textOf(request, body) ?? ''), tokens, request, { started, latest })
  }

  #isBusy({ model }: TokenMaker): boolean {
    if (this.#late < MOST_LATE) return false
    this.#host.sought(model, 'busy', 0)
    return true
  }

  async #await(
    search: Promise<PromptTokens>,
    tokens: TokenMaker,
    request: UnderstoodRequest,
    { started, latest }: { readonly started: number; readonly latest: number },
  ): Promise<FoundTokens | undefined> {
    const { tokenBlocks } = this.#host
    const { model } = tokens
    const found = await this.#within(search, 1000 * Math.max(0, latest - this.#host.clock()))
    const result = found === undefined ? 'late' : found.exact ? 'exact' : found.fault
    this.#host.sought(model, result, this.#host.clock() - started)
    if (found?.exact !== true) return undefined
    return foundTokens(found.tokens, request, tokenBlocks, tokens.mayForward)
  }

  /** Undefined after so many milliseconds; the search goes on then, so that the next turn finds its tokens remembered. */
  async #within(search: Promise<PromptTokens>, milliseconds: number): Promise<PromptTokens | undefined> {
    const found = await within(search, milliseconds)
    if (found === undefined) {
      this.#late++
      void search.finally(() => this.#late--)
    }
    return found
  }
}

/** Seconds that a request of this length waits for its tokens. */
function deadlineOf({ settings: { deadline } }: TokenMaker, { length }: Uint8Array): number {
  return deadline * (1 + length / DEADLINE_BYTES)
}

/** What a request gets of its prompt's tokens; `forward` where its engine is to be sent them. */
export function foundTokens(
  ids: Uint32Array,
  { pool, served, cacheSalt }: UnderstoodRequest,
  tokenBlocks: TokenBlocks,
  forward: boolean,
): FoundTokens {
  const keys = tokenBlocks.wantedBy(pool) ? tokenBlocks.keysOf(ids, { pool, model: served, cacheSalt }) : undefined
  return { ids, keys, forward }
}

/** The one text prompt of a completion; undefined where there is something else. */
export function textOf({ prompt }: UnderstoodRequest, body: Uint8Array): string | undefined {
  const place = promptPlace(prompt)
  return place && String(JSON.parse(decoder.decode(body.subarray(place.start, place.end))))
}

/** What a promise comes to, or undefined after so many milliseconds. */
export async function within<T>(search: Promise<T>, milliseconds: number): Promise<T | undefined> {
  const late = Promise.withResolvers<undefined>()
  const timer = setTimeout(late.resolve, milliseconds, undefined)
  try {
    return await Promise.race([search, late.promise])
  } finally {
    clearTimeout(timer)
  }
}

/** Why a body's prompt has no exact tokens, where that can be seen at once. */
export function inexactBody(body: Uint8Array): string | undefined {
  if (body.length > LARGEST_BODY) return `expected a body of at most ${LARGEST_BODY} bytes, found ${body.length}`
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.length)
  const member = INEXACT_MEMBERS.find((name) => bytes.includes(name))
  return member === undefined ? undefined : `expected no member ${member}, found it`
}

function inexact(body: Uint8Array): Promise<PromptTokens> | undefined {
  const reason = inexactBody(body)
  return reason === undefined ? undefined : Promise.resolve({ exact: false, fault: 'inexact', reason })
}
