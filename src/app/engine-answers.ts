import { AWKWARD_PROMPTS, AWKWARD_TEXTS } from '../tokenizer/awkward-prompts.ts'
import type { RemoteTokenizer } from '../tokenizer/remote-tokenizer.ts'
import { firstDifference } from '../tokenizer/self-check.ts'
import { messageOf, TokenizerError } from '../tokenizer/tokenizer-error.ts'
import { joinVerdicts, type PartVerdict } from './token-verdict.ts'

/** The conversation of `turns`, one turn before. */
const FIRST_TURN = { name: 'first turn', body: { messages: [{ role: 'user', content: 'Hi' }] } }

/** An engine's tokens of prompts by their names. */
type Answers = ReadonlyMap<string, Uint32Array>

/** What an engine said of chats and of texts; undefined where it does not tell. */
export interface EngineAnswers {
  readonly chats: Answers | undefined
  readonly texts: Answers | undefined
  /** Tokens at the end of a turn that the next one does not keep. */
  readonly lost: number
}

/** What is to be held of an engine's answers beside those of the others of its model. */
export interface AnswersVerdict extends PartVerdict {
  readonly answers: EngineAnswers
  readonly chat: boolean
  readonly text: boolean
}

/**
 * Asks an engine for its tokens of awkward chats and texts, and compares them with what another engine of the model said.
 * Where nothing is to be compared with, its own word counts. Rejects only with the reason of the signal.
 */
export async function checkAnswers(
  remote: RemoteTokenizer,
  model: string,
  reference: EngineAnswers | undefined,
  signal: AbortSignal,
): Promise<AnswersVerdict> {
  const chats = [FIRST_TURN, ...AWKWARD_PROMPTS].map(
    ({ name, body }) => [name, () => remote.chat(JSON.stringify({ model, ...body }), signal)] as const,
  )
  const texts = AWKWARD_TEXTS.map(
    (text) => [text, () => remote.text(text, { addSpecialTokens: true, signal })] as const,
  )
  const chat = judge('chats', await answersTo(chats, signal), reference?.chats)
  const text = judge('texts', await answersTo(texts, signal), reference?.texts)
  return {
    ...joinVerdicts(chat.verdict, text.verdict),
    chat: chat.verdict.result === 'same',
    text: text.verdict.result === 'same',
    answers: { chats: chat.answers, texts: text.answers, lost: lostTokens(chat.answers) },
  }
}

interface Answered {
  readonly answers: Answers
  readonly asked: number
  readonly fault: unknown
}

/** Ends at the first question that the engine has no answer for at all. */
async function answersTo(
  questions: readonly (readonly [string, () => Promise<Uint32Array>])[],
  signal: AbortSignal,
): Promise<Answered> {
  const answers = new Map<string, Uint32Array>()
  let fault: unknown
  for (const [name, ask] of questions) {
    try {
      answers.set(name, await ask())
    } catch (error) {
      signal.throwIfAborted()
      fault = error
      const refused = error instanceof TokenizerError && error.fault === 'inexact'
      if (!refused) break
    }
  }
  return { answers, asked: questions.length, fault }
}

function judge(
  what: string,
  { answers, asked, fault }: Answered,
  reference: Answers | undefined,
): { readonly verdict: PartVerdict; readonly answers: Answers | undefined } {
  const told = `${answers.size} of ${asked} ${what}`
  if (2 * answers.size < asked) {
    const never = fault instanceof TokenizerError && fault.fault === 'unavailable'
    const why = `its routes told the tokens of ${told} only: ${messageOf(fault)}`
    return { verdict: { result: 'unknown', why, again: !never }, answers: undefined }
  }
  for (const [name, theirs] of reference ?? []) {
    const mine = answers.get(name)
    if (mine === undefined || firstDifference(mine, theirs) === undefined) continue
    const why = `${what}: expected the ${theirs.length} tokens that other endpoints make of '${name}', found ${mine.length}`
    return { verdict: { result: 'different', why, again: false }, answers }
  }
  return { verdict: { result: 'same', why: `its routes told the tokens of ${told}`, again: false }, answers }
}

/** What of a conversation's first turn is not in its second one: the head of an answer that was not given, for example. */
function lostTokens(chats: Answers | undefined): number {
  const first = chats?.get(FIRST_TURN.name)
  const second = chats?.get('turns')
  if (first === undefined || second === undefined) return USUALLY_LOST
  return first.length - (firstDifference(first, second) ?? first.length)
}

/** Of a text the last word may go on. */
const USUALLY_LOST = 4
