import { agreeWithEngine } from '../tokenizer/agree-with-engine.ts'
import { AWKWARD_PROMPTS } from '../tokenizer/awkward-prompts.ts'
import type { RemoteEngine } from '../tokenizer/engine-tokens.ts'
import { createPromptTokenizer, type PromptTokenizer } from '../tokenizer/prompt-tokenizer.ts'
import { createRemoteTokenizer, type RemoteTokenizer } from '../tokenizer/remote-tokenizer.ts'
import { type SelfCheck, selfCheck } from '../tokenizer/self-check.ts'
import { messageOf } from '../tokenizer/tokenizer-error.ts'
import type { LoadedTokens } from './tokens-library.ts'

/** The engine that is asked for its own tokens. */
export interface AskedEngine {
  readonly engine: RemoteEngine
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  /** The name under which it serves the model. */
  readonly model: string
}

/** What an engine's own tokens say about ours. */
export interface TokenVerdict {
  /** Whether nothing differs and something was compared, something differs, or nothing could be compared. */
  readonly result: 'same' | 'different' | 'unknown'
  /** Makes the engine's tokens of chats, if so. */
  readonly chat: PromptTokenizer | undefined
  /** Makes the engine's tokens of plain prompts, if so. */
  readonly text: PromptTokenizer | undefined
  /** One sentence for people. */
  readonly why: string
}

type Part = Pick<TokenVerdict, 'result' | 'why'>

/**
 * Compares our tokens of awkward chats and texts with an engine's own. Settings that engines differ in are tried until its
 * chats agree, unless `known` ones are to be kept because other endpoints agree with them. Rejects only with the reason of
 * the signal.
 */
export async function checkTokens(
  { encoder, spec }: LoadedTokens,
  asked: AskedEngine,
  known: PromptTokenizer | undefined,
  signal: AbortSignal,
): Promise<TokenVerdict> {
  const plain = known ?? createPromptTokenizer(encoder, spec)
  const remote = createRemoteTokenizer({ ...asked, render: (body) => plain.render(body) })
  const options = { model: asked.model, signal }
  const { prompts, check } =
    known === undefined
      ? await agreeWithEngine(encoder, spec, remote, options)
      : { prompts: known, check: await selfCheck(known, remote, options) }
  const chat = chatPart(check, prompts)
  const text = await checkTexts(prompts, remote, signal)
  return {
    ...joined(chat, text),
    chat: chat.result === 'same' ? prompts : undefined,
    text: text.result === 'same' ? prompts : undefined,
  }
}

function chatPart({ agreed, reason, checks }: SelfCheck, { chatFault }: PromptTokenizer): Part {
  if (agreed) return { result: 'same', why: reason }
  if (chatFault !== undefined) return { result: 'unknown', why: `chats have no exact tokens: ${chatFault}` }
  const differs = checks.some(({ result }) => result === 'different')
  return { result: differs ? 'different' : 'unknown', why: reason }
}

/** Plain prompts: a tokenizer puts something in front of them, or not. */
async function checkTexts(prompts: PromptTokenizer, remote: RemoteTokenizer, signal: AbortSignal): Promise<Part> {
  for (const text of texts()) {
    const mine = await prompts.text(text, { signal })
    if (!mine.exact) return { result: 'unknown', why: `text prompts have no exact tokens: ${mine.reason}` }
    try {
      const theirs = await remote.text(text, { addSpecialTokens: true, signal })
      if (String(theirs) === String(mine.tokens)) continue
      const why = `text prompts: expected the engine's ${theirs.length} tokens of '${text}', found ${mine.tokens.length}`
      return { result: 'different', why }
    } catch (error) {
      signal.throwIfAborted()
      return { result: 'unknown', why: `text prompts could not be compared: ${messageOf(error)}` }
    }
  }
  return { result: 'same', why: 'those of text prompts as well' }
}

const TEXTS: ReadonlySet<string> = new Set(['plain', 'unicode', 'special tokens in text', 'code'])

function texts(): string[] {
  const contents = AWKWARD_PROMPTS.filter(({ name }) => TEXTS.has(name)).map(({ body }) => body['messages'])
  return contents.flatMap((messages) => (Array.isArray(messages) ? messages.flatMap(contentOf) : []))
}

function contentOf(message: unknown): string[] {
  if (typeof message !== 'object' || message === null || !('content' in message)) return []
  return typeof message.content === 'string' ? [message.content] : []
}

function joined(chat: Part, text: Part): Part {
  if (chat.result === 'different') return chat
  if (text.result === 'different') return text
  const result = chat.result === 'same' || text.result === 'same' ? 'same' : 'unknown'
  return { result, why: `${chat.why}; ${text.why}` }
}
