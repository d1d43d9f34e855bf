import type { Conversation, Part } from '../chat-template.ts'
import { renderConversation } from '../chat-template.ts'
import { PromptWriter } from '../prompt-writer.ts'
import type { Prompt } from '../prompts.ts'
import { writePrompt } from '../prompts.ts'
import { toolCallText } from '../answer.ts'
import type { EngineTokenizer } from './engine-tokenizer.ts'

interface TokenizingHost {
  readonly tokenizer: EngineTokenizer | undefined
}

/** Texts become token ids where the engine has a model's tokenizer; otherwise all prompts stay what they are. */
export function tokenizedPrompts(
  { tokenizer }: TokenizingHost,
  prompts: readonly Prompt[],
  addSpecialTokens = true,
): readonly Prompt[] | Promise<readonly Prompt[]> {
  if (tokenizer === undefined || !prompts.some((prompt) => typeof prompt === 'string')) return prompts
  return Promise.all(
    prompts.map(async (prompt) =>
      typeof prompt === 'string' ? await tokenizer.text(prompt, addSpecialTokens) : prompt,
    ),
  )
}

/** A conversation on its way into the writer: as it is, or as the token ids of the model's own template. */
export type ChatPrompt = Conversation | Uint32Array

/**
 * A conversation's tokens under the model's tokenizer and template, or the conversation itself without one. `body` is the
 * chat request it came in; other routes' conversations are put into one.
 */
export function tokenizedConversation(
  { tokenizer }: TokenizingHost,
  conversation: Conversation,
  body?: object,
): ChatPrompt | Promise<ChatPrompt> {
  if (tokenizer === undefined) return conversation
  return tokenizer.text(chatText({ tokenizer }, conversation, body), false)
}

/** The text of a conversation: in the model's template where it has one that renders it, otherwise in the built-in one. */
export function chatText({ tokenizer }: TokenizingHost, conversation: Conversation, body?: object): string {
  const own = tokenizer?.render(body ?? chatBodyOf(conversation))
  if (own !== undefined) return own
  const writer = new PromptWriter()
  renderConversation(writer, conversation)
  return writer.written()
}

/** Writes a conversation over whatever is in the writer. */
export function writeConversation(writer: PromptWriter, prompt: ChatPrompt, answerFollows = true): void {
  if (prompt instanceof Uint32Array) {
    writePrompt(writer, prompt)
    return
  }
  writer.truncate(0)
  renderConversation(writer, prompt, answerFollows)
}

function chatBodyOf({ turns, toolsJson }: Conversation): object {
  const messages = turns.map(({ role, parts }) => ({ role, content: parts.map(partText).join('') }))
  const tools: unknown = toolsJson === '' ? null : JSON.parse(toolsJson)
  return { messages, tools, add_generation_prompt: true }
}

function partText(part: Part): string {
  if (part.kind === 'text') return part.text
  return part.kind === 'media' ? part.content : toolCallText(part)
}
