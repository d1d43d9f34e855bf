import type { ChatMessage } from './chat-request.ts'
import { TokenizerError } from './tokenizer-error.ts'

/**
 * Cuts a rendered conversation behind the text of its last message, so that the model goes on with it
 * (`continue_final_message`): everything a template puts behind that message goes.
 */
export function continueFinal(rendered: string, messages: readonly ChatMessage[]): string {
  const text = lastText(messages.at(-1)?.content)
  if (text === undefined) throw new TokenizerError('inexact', 'expected a last message of text to continue, found none')
  const trimmed = text.trim()
  const at = rendered.lastIndexOf(trimmed)
  if (at === -1) {
    const found = 'a template that changes or drops it'
    throw new TokenizerError('template', `expected the last message in the rendered text, found ${found}`)
  }
  // White space at the end of the message stays where the template kept it.
  const whole = text.trimStart()
  return rendered.slice(0, at + (rendered.startsWith(whole, at) ? whole : trimmed).length)
}

function lastText(content: ChatMessage['content']): string | undefined {
  if (typeof content === 'string') return content
  const part = content?.at(-1)
  return typeof part === 'string' ? part : (part?.text ?? undefined)
}
