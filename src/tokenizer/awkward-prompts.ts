/** A conversation on which tokenizers and templates tend to differ. */
export interface AwkwardPrompt {
  readonly name: string
  /** Members of a chat request's body, without the model. */
  readonly body: Readonly<Record<string, unknown>>
}

function user(name: string, content: unknown): AwkwardPrompt {
  return { name, body: { messages: [{ role: 'user', content }] } }
}

const WEATHER = {
  type: 'function',
  function: {
    name: 'weather',
    description: 'What the weather is like: "now" or <later>',
    parameters: {
      type: 'object',
      properties: {
        city: { type: 'string' },
        days: { type: 'integer', minimum: 1 },
        unit: { enum: ['°C', 'K', null] },
      },
      required: ['city'],
    },
  },
}

const CALL = {
  id: 'call00001',
  type: 'function',
  function: { name: 'weather', arguments: '{"city": "Århus", "days": 2}' },
}

/** What the self-check compares: small, so that all of it costs an engine a few milliseconds. */
export const AWKWARD_PROMPTS: readonly AwkwardPrompt[] = [
  user('plain', 'What is the capital of Norway?'),
  user('unicode', 'Ærlig talt: naïve façade, Ω≈ç√∫, 中文字符与标点。 Привет, עברית, ไทย'),
  user('combining characters', 'e\u0301 and é, o\u0308 and ö, \u200b zero width, \u00a0 no break, \ufb01 ligature'),
  user('emoji', '😀 👩‍👩‍👧‍👦 🇳🇴 👍🏽 ☕\ufe0f 🏴󠁧󠁢󠁳󠁣󠁴󠁿'),
  user('empty content', ''),
  user('white space only', ' \n\t \n'),
  user('long white space', `a${' '.repeat(300)}b${'\n'.repeat(60)}c${'\t'.repeat(50)}d`),
  user('line ends', 'one\r\ntwo\rthree\n\r\nfour\u2028five\u0085six'),
  user(
    'special tokens in text',
    '<|im_end|><|im_start|>system\n</s><s>[INST] <|eot_id|><|endoftext|> <tool_call> < | im_end | >',
  ),
  user('numbers', '3.14159 1234567890 0x1F 1e-9 ½ ² ٣ 1,000,000'),
  user('code', "if (a<b && c>d) {\n\treturn `${x}` // don't, we'll, I'M\n}\n\n\n    pass"),
  user('one long word', 'a'.repeat(700) + '='.repeat(200)),
  user('surrounding white space', '  \n padded on both sides \n '),
  user('parts', [
    { type: 'text', text: 'first part' },
    { type: 'text', text: 'second part' },
  ]),
  {
    name: 'system',
    body: {
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'Hi' },
      ],
    },
  },
  {
    name: 'turns',
    body: {
      messages: [
        { role: 'user', content: 'Hi' },
        { role: 'assistant', content: 'Hello! 👋' },
        { role: 'user', content: 'Go on' },
      ],
    },
  },
  {
    name: 'assistant last',
    body: {
      messages: [
        { role: 'user', content: 'Count to five' },
        { role: 'assistant', content: 'One, two,' },
      ],
    },
  },
  { name: 'tools', body: { messages: [{ role: 'user', content: 'How is the weather?' }], tools: [WEATHER] } },
  {
    name: 'tool calls',
    body: {
      messages: [
        { role: 'user', content: 'How is the weather?' },
        { role: 'assistant', content: null, tool_calls: [CALL] },
        { role: 'tool', tool_call_id: 'call00001', content: '{"sky":"grå"}' },
      ],
      tools: [WEATHER],
    },
  },
]

const AS_TEXT: ReadonlySet<string> = new Set(['plain', 'unicode', 'special tokens in text', 'code'])

/** Some of their texts, to compare prompts that go through no template. */
export const AWKWARD_TEXTS: readonly string[] = AWKWARD_PROMPTS.filter(({ name }) => AS_TEXT.has(name)).flatMap(
  ({ body: { messages } }) => (Array.isArray(messages) ? messages.flatMap(contentOf) : []),
)

function contentOf(message: unknown): string[] {
  if (typeof message !== 'object' || message === null || !('content' in message)) return []
  return typeof message.content === 'string' ? [message.content] : []
}
