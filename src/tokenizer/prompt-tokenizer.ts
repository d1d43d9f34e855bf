import { type ChatRequest, parseChatRequest } from './chat-request.ts'
import { type ChatTemplate, type ChatTemplateOptions, createChatTemplate } from './chat-template.ts'
import type { EncodeOptions, Tokenizer } from './tokenizer.ts'
import { messageOf, TokenizerError, type TokenizerFault } from './tokenizer-error.ts'
import type { TokenizerSpec } from './tokenizer-spec.ts'

/** A prompt's tokens, or why there are none and its bytes must do. */
export type PromptTokens =
  | { readonly exact: true; readonly tokens: Uint32Array }
  | { readonly exact: false; readonly fault: TokenizerFault; readonly reason: string }

/** Turns requests into the tokens their engine will see. Never rejects, except with the reason of the signal. */
export interface PromptTokenizer {
  /** The tokens of a chat request's body. */
  chat(body: Uint8Array | string | object, signal?: AbortSignal): Promise<PromptTokens>
  /** The tokens of a plain prompt; engines add a BOS there unless the request says otherwise. */
  text(prompt: string, options?: EncodeOptions): Promise<PromptTokens>
  /** The rendered prompt of a chat. Throws a TokenizerError. */
  render(body: Uint8Array | string | object): string
  /** Why chats have no tokens at all, if so. */
  readonly chatFault: string | undefined
}

export interface PromptTokenizerOptions extends ChatTemplateOptions {
  /** Bytes of a body above which its tokens are not sought. */
  readonly maxBytes?: number
}

/** Joins a tokenizer and the chat templates of its model. A model without a usable template still has plain prompts. */
export function createPromptTokenizer(
  tokenizer: Tokenizer,
  spec: Pick<TokenizerSpec, 'templates' | 'specialTokens'>,
  options: PromptTokenizerOptions = {},
): PromptTokenizer {
  const { maxBytes = 8 << 20 } = options
  const template = templateOf(spec, options)
  const render = (body: Uint8Array | string | object): string => {
    if (template instanceof TokenizerError) throw template
    const size = body instanceof Uint8Array || typeof body === 'string' ? body.length : 0
    if (size > maxBytes) {
      throw new TokenizerError('inexact', `expected a body of at most ${maxBytes} bytes, found ${size}`)
    }
    const request: ChatRequest = parseChatRequest(body)
    return template.render(request)
  }
  return {
    chatFault: template instanceof TokenizerError ? template.message : undefined,
    render,
    chat: (body, signal) => attempt(async () => await tokenizer.encode(render(body), { signal }), signal),
    text: (prompt, { addSpecialTokens = true, signal } = {}) =>
      attempt(() => tokenizer.encode(prompt, { addSpecialTokens, signal }), signal),
  }
}

function templateOf(
  { templates, specialTokens }: Pick<TokenizerSpec, 'templates' | 'specialTokens'>,
  options: ChatTemplateOptions,
): ChatTemplate | TokenizerError {
  try {
    return createChatTemplate(templates, { specialTokens, ...options })
  } catch (error) {
    if (error instanceof TokenizerError) return error
    throw error
  }
}

async function attempt(job: () => Promise<Uint32Array>, signal: AbortSignal | undefined): Promise<PromptTokens> {
  try {
    return { exact: true, tokens: await job() }
  } catch (error) {
    if (signal?.aborted === true) throw error
    const fault = error instanceof TokenizerError ? error.fault : 'failed'
    return { exact: false, fault, reason: messageOf(error) }
  }
}
