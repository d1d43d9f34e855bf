import type { ToolCall } from './answer.ts'
import { toolCallText } from './answer.ts'
import type { PromptWriter } from './prompt-writer.ts'

/** Text, or something else by its content, or a function call of an earlier answer. */
export type Part =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'media'; readonly content: string }
  | ({ readonly kind: 'tool-call' } & ToolCall)

/** One message of a conversation. */
export interface Turn {
  readonly role: string
  readonly parts: readonly Part[]
}

/** A function that the model may call, with the JSON Schema of its arguments. */
export interface Tool {
  readonly name: string
  readonly schema: unknown
}

/** A conversation as every chat route understands it. */
export interface Conversation {
  readonly turns: readonly Turn[]
  readonly tools: readonly Tool[]
  /** The tools as they were given, in JSON; empty without tools. */
  readonly toolsJson: string
  /** The name of a tool that must be called, true when any must, false when none may; undefined leaves it open. */
  readonly toolChoice: string | boolean | undefined
}

/**
 * Renders a conversation in the manner of ChatML: tools first, then the turns between `<|im_start|>` and `<|im_end|>`,
 * then the head of the answer. Every head, content and end is filled up to whole tokens with spaces, so that an answer
 * always begins at a token, and stands in the next turn's prompt, byte for byte and token for token, where it was
 * generated. Because a turn's bytes follow from that turn alone, a longer conversation begins with the bytes of a
 * shorter one.
 */
export function renderConversation(writer: PromptWriter, conversation: Conversation, answerFollows = true): void {
  const { turns, toolsJson } = conversation
  if (toolsJson !== '') renderTurn(writer, { role: 'tools', parts: [{ kind: 'text', text: toolsJson }] })
  for (const turn of turns) renderTurn(writer, turn)
  if (answerFollows) renderHead(writer, 'assistant')
}

function renderTurn(writer: PromptWriter, { role, parts }: Turn): void {
  renderHead(writer, role)
  for (const part of parts) renderPart(writer, part)
  writer.pad()
  writer.text('<|im_end|>')
  writer.text(' \n')
}

function renderHead(writer: PromptWriter, role: string): void {
  writer.text('<|im_start|>')
  writer.text(role)
  writer.pad()
  writer.text('   \n')
}

function renderPart(writer: PromptWriter, part: Part): void {
  if (part.kind === 'text') writer.text(part.text)
  else if (part.kind === 'media') writer.media(part.content)
  else {
    writer.pad()
    writer.text(toolCallText(part))
    writer.pad()
  }
}
