import type { Conversation } from '../chat-template.ts'
import type { EngineContext } from '../engine-context.ts'
import { writePrompt } from '../prompts.ts'
import { after } from './after.ts'
import { tokenizedConversation, tokenizedPrompts, writeConversation } from './tokenized.ts'

type Ids = readonly number[]

/** The token ids of a text, as the engine would compute with them. */
export function textIds(context: EngineContext, text: string, addSpecialTokens: boolean): Ids | Promise<Ids> {
  return after(tokenizedPrompts(context, [text], addSpecialTokens), ([prompt = '']) => {
    writePrompt(context.writer, prompt)
    return [...context.writer.tokens()]
  })
}

/** The token ids of a conversation; without the head of an answer where none follows. */
export function chatIds(
  context: EngineContext,
  conversation: Conversation,
  body: object,
  answerFollows: boolean,
): Ids | Promise<Ids> {
  return after(tokenizedConversation(context, conversation, body), (prompt) => {
    writeConversation(context.writer, prompt, answerFollows)
    return [...context.writer.tokens()]
  })
}

/** The text of token ids. */
export function idsText({ tokenizer }: EngineContext, tokens: readonly number[]): string {
  if (tokenizer !== undefined) return tokenizer.decode(tokens)
  const words = Uint32Array.from(tokens)
  return Buffer.from(words.buffer).toString().replace(/\0+$/, '')
}
