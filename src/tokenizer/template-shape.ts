import type { MessageShape } from './template-messages.ts'

const NEEDLE = 'kvasir-probe'
const KEY = 'kvasir-key'

/**
 * Finds out what a template expects in messages by rendering small conversations both ways. Where both work, a content
 * is text and arguments are an object, which is what engines prefer.
 */
export function probeShape(template: string, render: (messages: object[]) => string): MessageShape {
  return { content: probeContent(template, render), arguments: probeArguments(render), missing: 'nothing' }
}

function probeContent(template: string, render: (messages: object[]) => string): MessageShape['content'] {
  const plain = renders(render, [{ role: 'user', content: NEEDLE }])
  const parts = renders(render, [{ role: 'user', content: [{ type: 'text', text: NEEDLE }] }])
  if (!parts.includes(NEEDLE) || parts.includes('"type"')) return 'text'
  // A template that also takes text apart into parts is given what it was written for.
  return plain.includes(NEEDLE) && !LOOPS_OVER_CONTENT.test(template) ? 'text' : 'parts'
}

/** A loop over the content of a message: such templates get parts from vLLM and SGLang. */
const LOOPS_OVER_CONTENT = /{%-?\s*for\s+\w+\s+in\s+[\w.]*(?:\.content|\[['"]content['"]\])/

function probeArguments(render: (messages: object[]) => string): MessageShape['arguments'] {
  const conversation = (args: unknown): object[] => [
    { role: 'user', content: 'q' },
    {
      role: 'assistant',
      content: '',
      tool_calls: [{ id: 'call00001', type: 'function', function: { name: 'probe', arguments: args } }],
    },
  ]
  const object = renders(render, conversation({ [KEY]: NEEDLE }))
  const string = renders(render, conversation(JSON.stringify({ [KEY]: NEEDLE })))
  // In a text that was quoted once more the quotes are escaped.
  const good = (text: string): boolean => text.includes(NEEDLE) && text.includes(KEY) && !text.includes('\\"')
  return !good(object) && good(string) ? 'string' : 'object'
}

function renders(render: (messages: object[]) => string, messages: object[]): string {
  try {
    return render(messages)
  } catch {
    return ''
  }
}
