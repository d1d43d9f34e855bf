import { z } from 'zod'
import { type PostOptions, postJson, RouteMissing } from './post-json.ts'
import { TokenizerError } from './tokenizer-error.ts'

/** Engines that tell what tokens they make of a prompt. */
export type RemoteEngine = 'vllm' | 'sglang' | 'llama.cpp'

export interface EngineTokensSettings {
  /** Origin of the engine, without a slash at the end. */
  readonly url: string
  /** The name the engine serves the model under; vLLM wants to know. */
  readonly model?: string | undefined
  /** Renders a chat for engines that only take text (SGLang). */
  readonly render?: ((body: string) => string) | undefined
}

/** Asks one kind of engine for tokens. */
export interface EngineTokens {
  text(prompt: string, addSpecialTokens: boolean, options: PostOptions): Promise<Uint32Array>
  /** `body` is the body of a chat request, sent as it is. */
  chat(body: string, options: PostOptions): Promise<Uint32Array>
}

function isTokenIds(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((id) => Number.isInteger(id) && id >= 0)
}

const ids = z.custom<readonly number[]>(isTokenIds, 'expected an array of token ids')
const tokensAnswer = z.object({ tokens: ids })
const renderAnswer = z.object({
  token_ids: ids,
  features: z.looseObject({ mm_hashes: z.record(z.string(), z.unknown()).nullish() }).nullish(),
})
const promptAnswer = z.object({ prompt: z.string() })

/** The routes of each engine; `RouteMissing` where it is too old for them. */
export function createEngineTokens(engine: RemoteEngine, settings: EngineTokensSettings): EngineTokens {
  switch (engine) {
    case 'vllm':
      return vllmTokens(settings)
    case 'sglang':
      return sglangTokens(settings)
    case 'llama.cpp':
      return llamaTokens(settings)
  }
}

/** `POST /tokenize` for text; for chats `/v1/chat/completions/render`, or `/tokenize` with messages on older versions. */
function vllmTokens({ url, model }: EngineTokensSettings): EngineTokens {
  let renders = true
  return {
    async text(prompt, addSpecialTokens, options) {
      const body = JSON.stringify({ model, prompt, add_special_tokens: addSpecialTokens })
      return Uint32Array.from((await postJson(`${url}/tokenize`, body, tokensAnswer, options)).tokens)
    },
    async chat(body, options) {
      if (renders) {
        try {
          return textOnly(await postJson(`${url}/v1/chat/completions/render`, body, renderAnswer, options))
        } catch (error) {
          if (!(error instanceof RouteMissing)) throw error
          renders = false
        }
      }
      return Uint32Array.from((await postJson(`${url}/tokenize`, body, tokensAnswer, options)).tokens)
    },
  }
}

/** Where images or sound stand their tokens are placeholders, which do not tell one image from another. */
function textOnly({ token_ids: found, features }: z.output<typeof renderAnswer>): Uint32Array {
  if (Object.keys(features?.mm_hashes ?? {}).length === 0) return Uint32Array.from(found)
  throw new TokenizerError(
    'inexact',
    "expected a prompt of text only, found images or sound; the prompt's bytes are used",
  )
}

/** `POST /tokenize`, in some versions `/v1/tokenize` alone, with text; chats are rendered here first, as SGLang's route takes no messages. */
function sglangTokens({ url, model, render }: EngineTokensSettings): EngineTokens {
  let path = '/tokenize'
  const text: EngineTokens['text'] = async (prompt, addSpecialTokens, options) => {
    const body = JSON.stringify({ model, prompt, add_special_tokens: addSpecialTokens })
    try {
      return Uint32Array.from((await postJson(url + path, body, tokensAnswer, options)).tokens)
    } catch (error) {
      if (!(error instanceof RouteMissing) || path !== '/tokenize') throw error
      path = '/v1/tokenize'
      return await text(prompt, addSpecialTokens, options)
    }
  }
  return {
    text,
    async chat(body, options) {
      if (render === undefined) {
        const expected = "SGLang's tokenize route takes no messages: expected a chat template to render them with"
        throw new TokenizerError('unavailable', `${expected}, found none; give the folder of the model's tokenizer`)
      }
      return await text(render(body), false, options)
    },
  }
}

/** `POST /apply-template`, then `/tokenize` with special tokens as the model wants them: what the server does itself. */
function llamaTokens({ url }: EngineTokensSettings): EngineTokens {
  const text: EngineTokens['text'] = async (content, addSpecialTokens, options) => {
    const body = JSON.stringify({ content, add_special: addSpecialTokens, parse_special: true })
    return Uint32Array.from((await postJson(`${url}/tokenize`, body, tokensAnswer, options)).tokens)
  }
  return {
    text,
    async chat(body, options) {
      const { prompt } = await postJson(`${url}/apply-template`, body, promptAnswer, options)
      return await text(prompt, true, options)
    },
  }
}
