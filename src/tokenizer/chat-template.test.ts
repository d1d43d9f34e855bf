import { describe, expect, it } from 'vitest'
import { parseChatRequest } from './chat-request.ts'
import { type ChatTemplateOptions, createChatTemplate } from './chat-template.ts'

const TURNS =
  '{% for m in messages %}<{{ m.role }}>{{ m.content }}</{{ m.role }}>{% endfor %}{% if add_generation_prompt %}<assistant>{% endif %}'
const USER = { role: 'user', content: 'Hi' }

function render(template: string | Record<string, string>, body: object, options: ChatTemplateOptions = {}): string {
  const templates = new Map(Object.entries(typeof template === 'string' ? { default: template } : template))
  return createChatTemplate(templates, options).render(parseChatRequest(body))
}

const call = (args: unknown) => ({
  messages: [
    USER,
    {
      role: 'assistant',
      content: null,
      tool_calls: [{ id: 'c', type: 'function', function: { name: 'f', arguments: args } }],
    },
  ],
  add_generation_prompt: false,
})

describe('a chat template', () => {
  it('renders messages and opens the answer, unless told not to', () => {
    expect(render(TURNS, { messages: [USER] })).toBe('<user>Hi</user><assistant>')
    expect(render(TURNS, { messages: [USER], add_generation_prompt: false })).toBe('<user>Hi</user>')
  })

  it('continues the last message instead, cut where its text ends', () => {
    const messages = [USER, { role: 'assistant', content: ' One, two, ' }]
    expect(render(TURNS, { messages, continue_final_message: true })).toBe('<user>Hi</user><assistant> One, two, ')
    const trimming = TURNS.replace('m.content', 'm.content | trim')
    expect(render(trimming, { messages, continue_final_message: true })).toBe('<user>Hi</user><assistant>One, two,')
    const dropping = TURNS.replace('m.content', "'x'")
    expect(() => render(dropping, { messages, continue_final_message: true })).toThrow(
      'expected the last message in the rendered text',
    )
    const both = { messages, continue_final_message: true, add_generation_prompt: true }
    expect(() => render(TURNS, both)).toThrow(
      'expected one of add_generation_prompt and continue_final_message, found both',
    )
  })

  it('lets the assistant go on where the engine does without being asked', () => {
    const messages = [USER, { role: 'assistant', content: 'One,' }]
    expect(render(TURNS, { messages }, { lastAssistant: 'prefill' })).toBe('<user>Hi</user><assistant>One,')
    expect(render(TURNS, { messages })).toBe('<user>Hi</user><assistant>One,</assistant><assistant>')
  })

  it('takes text and parts of text for the same, and no content for an empty text', () => {
    const parts = [{ type: 'text', text: 'a' }, { type: 'input_text', text: 'b' }, 'c']
    expect(render(TURNS, { messages: [{ role: 'user', content: parts }] })).toBe('<user>a\nb\nc</user><assistant>')
    expect(render(TURNS, { messages: [{ role: 'user', content: null }, { role: 'tool' }] })).toBe(
      '<user></user><tool></tool><assistant>',
    )
    const image = [{ type: 'image_url', image_url: { url: 'data:' } }]
    expect(() => render(TURNS, { messages: [{ role: 'user', content: image }] })).toThrow(
      "found one of type 'image_url'",
    )
  })

  it('gives parts to a template that walks through them', () => {
    const walking = '{% for m in messages %}{% for p in m.content %}[{{ p.type }} {{ p.text }}]{% endfor %}{% endfor %}'
    expect(render(walking, { messages: [USER] })).toBe('[text Hi]')
    expect(render(walking, { messages: [{ role: 'tool' }] })).toBe('')
    expect(render(walking, { messages: [{ role: 'tool' }] }, { shape: { missing: 'empty-part' } })).toBe('[text ]')
    const either = `{% for m in messages %}{% if m.content is string %}{{ m.content }}{% else %}{% for p in m['content'] %}[{{ p.text }}]{% endfor %}{% endif %}{% endfor %}`
    expect(render(either, { messages: [USER] })).toBe('[Hi]')
  })

  it('gives arguments as an object, or as text to a template that prints them as they are', () => {
    const json =
      '{% for m in messages %}{% for c in m.tool_calls or [] %}{{ c.function.arguments | tojson }}{% endfor %}{% endfor %}'
    expect(render(json, call('{"b": [1, "é"],"a":{"c":null}}'))).toBe('{"b": [1, "é"], "a": {"c": null}}')
    expect(render(json, call(''))).toBe('{}')
    expect(render(json, call({ x: true }))).toBe('{"x": true}')
    const items =
      '{% for m in messages %}{% for c in m.tool_calls or [] %}{% for k, v in c.function.arguments.items() %}{{ k }}={{ v }};{% endfor %}{% endfor %}{% endfor %}'
    expect(render(items, call('{"b": 1,"a":"x"}'))).toBe('b=1;a=x;')
    const text =
      '{% for m in messages %}{% for c in m.tool_calls or [] %}{{ "" + c.function.arguments }}{% endfor %}{% endfor %}'
    expect(render(text, call('{"b":  1}'))).toBe('{"b":  1}')
    expect(() => render(json, call('{"a": 1.0}'))).toThrow('found the number 1.0')
    expect(() => render(json, call('{"a"'))).toThrow('expected JSON')
  })

  it('drops an empty list of calls, and keeps what else a message holds', () => {
    const shows =
      '{% for m in messages %}{{ m.tool_calls is defined }} {{ m.name }} {{ m.reasoning_content }}{% endfor %}'
    const message = { ...USER, tool_calls: [], name: 'Ann', reasoning_content: 'hm' }
    expect(render(shows, { messages: [message] })).toBe('false Ann hm')
  })

  it('prints tools as given, or as vLLM fills them up', () => {
    const prints = '{{ tools | tojson }}'
    const tools = [{ function: { parameters: { type: 'object' }, name: 'f', strict: true } }]
    expect(render(prints, { messages: [], tools })).toBe(
      '[{"function": {"parameters": {"type": "object"}, "name": "f", "strict": true}}]',
    )
    expect(render(prints, { messages: [], tools }, { tools: 'filled' })).toBe(
      '[{"type": "function", "function": {"name": "f", "description": null, "parameters": {"type": "object"}, "strict": true}}]',
    )
    expect(render('{% if tools %}tools{% else %}none{% endif %}', { messages: [], tools: [] })).toBe('none')
  })

  it('does not say what engines show of tools that the model may not choose from', () => {
    const prints = '{{ tools | tojson }}'
    const tools = [{ function: { name: 'f' } }]
    for (const tool_choice of ['auto', 'required', null]) {
      expect(render(prints, { messages: [], tools, tool_choice })).toContain('"f"')
    }
    for (const tool_choice of ['none', { type: 'function', function: { name: 'f' } }]) {
      expect(() => render(prints, { messages: [], tools, tool_choice })).toThrow(/found tool_choice .*engines differ/)
      expect(render('plain', { messages: [], tools: [], tool_choice })).toBe('plain')
    }
  })

  it('uses the template for tools where there are any', () => {
    const templates = { default: 'plain', tool_use: 'tools' }
    expect(render(templates, { messages: [] })).toBe('plain')
    expect(render(templates, { messages: [], tools: [{ function: { name: 'f' } }] })).toBe('tools')
    expect(() => render({ a: 'x', b: 'y' }, { messages: [] })).toThrow(
      "expected a chat template named 'default', found a, b;",
    )
    expect(() => createChatTemplate(new Map())).toThrow('found none; add chat_template.jinja')
  })

  it('knows special tokens, kwargs and the time; a request cannot replace functions', () => {
    const prints = "{{ bos_token }}{{ enable_thinking }}{{ reasoning_effort }}{{ strftime_now('%d %b %Y') }}"
    const options: ChatTemplateOptions = {
      specialTokens: { bos_token: '<s>' },
      kwargs: { enable_thinking: true, reasoning_effort: 'low' },
      now: () => new Date(2026, 2, 7),
    }
    expect(render(prints, { messages: [] }, options)).toBe('<s>truelow07 Mar 2026')
    const kwargs = { enable_thinking: false, strftime_now: 'x', true: 'y' }
    expect(render(prints, { messages: [], reasoning_effort: 'high', chat_template_kwargs: kwargs }, options)).toBe(
      '<s>falselow07 Mar 2026',
    )
  })

  it.each([
    {
      name: 'refuses',
      template: "{{ raise_exception('roles must alternate') }}",
      message: 'the chat template refuses the conversation: roles must alternate',
    },
    {
      name: 'breaks',
      template: '{{ messages.nothing() }}',
      message: /chat template 'default': expected to render .* bytes are used instead/,
    },
    {
      name: 'never ends',
      template: '{% for a in range(9999) %}{% for b in range(9999) %}{{ b }}{% endfor %}{% endfor %}',
      message: /at most .*, found more/,
    },
    { name: 'counts far', template: '{{ range(1000000000) | length }}', message: 'a range of at most 100000 numbers' },
    {
      name: 'grows',
      template:
        "{% set ns = namespace(t='x' * 0 ~ 'xxxxxxxxxxxxxxxx') %}{% for i in range(22) %}{% set ns.t = ns.t ~ ns.t %}{% endfor %}{{ ns.t }}",
      message: /characters|expected/,
    },
  ])('that $name is a clear reason', ({ template, message }) => {
    const limits = { milliseconds: 50, steps: 100_000 }
    const failing = () => render(template, { messages: [USER] }, { limits })
    expect(failing).toThrow(message)
    expect(failing).toThrow(expect.objectContaining({ name: 'TokenizerError', fault: 'template' }))
  })

  it('stops by the clock as well', () => {
    let now = 0
    const counting = '{% for i in range(5000) %}{{ i }}{% endfor %}'
    expect(() => render(counting, { messages: [] }, { clock: () => (now += 30) })).toThrow(
      'at most 100 ms of rendering',
    )
  })

  it('is refused where it is no Jinja, and in a request', () => {
    expect(() => createChatTemplate(new Map([['default', '{% if %}']]))).toThrow(
      "chat template 'default': expected Jinja, found",
    )
    expect(() => render(TURNS, { messages: [], chat_template: 'x' })).toThrow('found one in the request')
  })
})
