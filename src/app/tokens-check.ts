import { agreeWithEngine } from '../tokenizer/agree-with-engine.ts'
import { AWKWARD_TEXTS } from '../tokenizer/awkward-prompts.ts'
import type { RemoteEngine } from '../tokenizer/engine-tokens.ts'
import { createPromptTokenizer, type PromptTokenizer } from '../tokenizer/prompt-tokenizer.ts'
import { createRemoteTokenizer, type RemoteTokenizer } from '../tokenizer/remote-tokenizer.ts'
import { type SelfCheck, selfCheck } from '../tokenizer/self-check.ts'
import { messageOf } from '../tokenizer/tokenizer-error.ts'
import { joinVerdicts, type PartVerdict, type TokenVerdict } from './token-verdict.ts'
import type { LoadedTokens } from './tokens-library.ts'

/** The engine that is asked for its own tokens. */
export interface AskedEngine {
  readonly engine: RemoteEngine
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  /** The name under which it serves the model. */
  readonly model: string
}

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
): Promise<TokenVerdict<PromptTokenizer>> {
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
    ...joinVerdicts(chat, text),
    chat: chat.result === 'same' ? prompts : undefined,
    text: text.result === 'same' ? prompts : undefined,
  }
}

function chatPart({ agreed, reason, checks }: SelfCheck, { chatFault }: PromptTokenizer): PartVerdict {
  if (agreed) return { result: 'same', why: reason, again: false }
  if (chatFault !== undefined) {
    return { result: 'unknown', why: `chats have no exact tokens: ${chatFault}`, again: false }
  }
  const differs = checks.some(({ result }) => result === 'different')
  return { result: differs ? 'different' : 'unknown', why: reason, again: !differs }
}

/** Plain prompts: a tokenizer puts something in front of them, or not. */
async function checkTexts(
  prompts: PromptTokenizer,
  remote: RemoteTokenizer,
  signal: AbortSignal,
): Promise<PartVerdict> {
  for (const text of AWKWARD_TEXTS) {
    const mine = await prompts.text(text, { signal })
    if (!mine.exact) return unknown(`text prompts have no exact tokens: ${mine.reason}`)
    try {
      const theirs = await remote.text(text, { addSpecialTokens: true, signal })
      if (String(theirs) === String(mine.tokens)) continue
      const why = `text prompts: expected the engine's ${theirs.length} tokens of '${text}', found ${mine.tokens.length}`
      return { result: 'different', why, again: false }
    } catch (error) {
      signal.throwIfAborted()
      return unknown(`text prompts could not be compared: ${messageOf(error)}`)
    }
  }
  return { result: 'same', why: 'those of text prompts as well', again: false }
}

function unknown(why: string): PartVerdict {
  return { result: 'unknown', why, again: true }
}
