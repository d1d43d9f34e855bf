import { hash } from 'node:crypto'
import { createEngineTokens, type EngineTokensSettings, type RemoteEngine } from './engine-tokens.ts'
import { JobGate, untilAborted } from './job-gate.ts'
import { createTokenCache } from './token-cache.ts'
import type { EncodeOptions } from './tokenizer.ts'

export interface RemoteOptions extends EngineTokensSettings {
  readonly engine: RemoteEngine
  /** Sent with every request, for example an API key. */
  readonly headers?: Readonly<Record<string, string>>
  /** Milliseconds for one answer. */
  readonly timeoutMs?: number
  /** Requests to the engine at once, and how many may wait. */
  readonly concurrency?: number
  readonly queue?: number
  /** Bytes of answers that are remembered. */
  readonly cacheBytes?: number
}

/** Asks an engine what tokens it makes of a prompt; the engine's word is exact by definition, and costs a round trip. */
export interface RemoteTokenizer {
  readonly engine: RemoteEngine
  /** The tokens of a text, remembered or asked for. Rejects with a TokenizerError (`remote`, `busy`). */
  text(prompt: string, options?: EncodeOptions): Promise<Uint32Array>
  /** The tokens of a chat request's body. */
  chat(body: string, signal?: AbortSignal): Promise<Uint32Array>
}

/** One engine's tokens, with a time limit, a bound on requests at once, and a memory of answers. */
export function createRemoteTokenizer(options: RemoteOptions): RemoteTokenizer {
  const { engine, headers = {}, timeoutMs = 5000, concurrency = 4, queue = 64, cacheBytes = 32 << 20 } = options
  const tokens = createEngineTokens(engine, options)
  const gate = new JobGate({ running: concurrency, waiting: queue }, `tokenize route of ${options.url}`)
  const cache = createTokenCache(cacheBytes)
  // A question is asked once for all who wait for the answer, so that none of them can call it off.
  const pending = new Map<string, Promise<Uint32Array>>()
  const post = { headers, timeoutMs }

  interface Question {
    readonly key: string
    readonly send: () => Promise<Uint32Array>
  }
  const textQuestion = (prompt: string, addSpecialTokens: boolean): Question => ({
    key: keyOf(addSpecialTokens ? 'full' : 'bare', prompt),
    send: () => tokens.text(prompt, addSpecialTokens, post),
  })
  const chatQuestion = (body: string): Question => ({
    key: keyOf('chat', body),
    send: () => tokens.chat(body, post),
  })
  const begin = async ({ key, send }: Question): Promise<Uint32Array> => {
    try {
      const found = await gate.run(send)
      cache.set(key, found)
      return found
    } finally {
      pending.delete(key)
    }
  }
  const ask = async (question: Question, signal?: AbortSignal): Promise<Uint32Array> => {
    signal?.throwIfAborted()
    const known = cache.get(question.key)
    if (known !== undefined) return known
    let answer = pending.get(question.key)
    if (answer === undefined) pending.set(question.key, (answer = begin(question)))
    return await untilAborted(answer, signal)
  }
  return {
    engine,
    text: (prompt, { addSpecialTokens = false, signal } = {}) => ask(textQuestion(prompt, addSpecialTokens), signal),
    chat: (body, signal) => ask(chatQuestion(body), signal),
  }
}

function keyOf(kind: string, text: string): string {
  return hash('sha256', `${kind}\n${text}`, 'base64')
}
