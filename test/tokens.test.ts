import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join, resolve } from 'node:path'
import { z } from 'zod'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { agreeWithEngine } from '../src/tokenizer/agree-with-engine.ts'
import { AWKWARD_PROMPTS } from '../src/tokenizer/awkward-prompts.ts'
import { createIncrementalEncoder } from '../src/tokenizer/incremental-encoder.ts'
import { loadTokenizer, type LoadedTokenizer } from '../src/tokenizer/load-tokenizer.ts'
import { createPromptTokenizer } from '../src/tokenizer/prompt-tokenizer.ts'
import { createRemoteTokenizer } from '../src/tokenizer/remote-tokenizer.ts'
import { selfCheck } from '../src/tokenizer/self-check.ts'
import { modelFolder } from '../src/tokenizer/testing/tiny-tokenizer.ts'
import { eventually } from './testing/eventually.ts'
import { freePort } from './testing/free-port.ts'
import { findLlamaServer, type LlamaFleet, llamaFleet } from './testing/llama-fleet.ts'

const found = findLlamaServer()
if ('missing' in found) console.warn(`SKIPPED: no real llama.cpp server for test/tokens.test.ts: ${found.missing}`)
const program = 'program' in found ? found.program : ''

/** How llama.cpp treats a conversation that ends with the assistant. */
const LLAMA = { lastAssistant: 'prefill' } as const
const MODEL_FILE = resolve(import.meta.dirname, '../../shared/engines/llama-server/tiny.gguf')

const answer = z.object({ usage: z.object({ prompt_tokens: z.number() }) })

async function post(url: string, body: object): Promise<{ status: number; json: unknown }> {
  const response = await fetch(url, { method: 'POST', body: JSON.stringify(body) })
  return { status: response.status, json: await response.json() }
}

/** A llama.cpp server with another chat template; its own start takes none. */
async function withTemplate<T>(template: string, job: (url: string) => Promise<T>): Promise<T> {
  await using folder = await modelFolder({ 'template.jinja': template })
  const port = await freePort()
  const file = join(folder.path, 'template.jinja')
  const args = [
    '-m',
    MODEL_FILE,
    '--port',
    String(port),
    '-c',
    '16384',
    '-t',
    '1',
    '--jinja',
    '--chat-template-file',
    file,
  ]
  const child = spawn(program, args, { stdio: 'ignore' })
  const exited = once(child, 'exit')
  const url = `http://127.0.0.1:${port}`
  try {
    await eventually('the llama.cpp server is healthy', () =>
      fetch(`${url}/health`).then(
        (answer) => answer.ok,
        () => false,
      ),
    )
    return await job(url)
  } finally {
    child.kill('SIGKILL')
    await exited
  }
}

/** Tools and their calls as the Qwen family has them, and a head of the answer that depends on a setting. */
const THINKING = `{%- if tools %}{{- '<|im_start|>system\\n<tools>' }}{%- for tool in tools %}{{- '\\n' + (tool | tojson) }}{%- endfor %}{{- '</tools><|im_end|>\\n' }}{%- endif %}
{%- for message in messages %}
    {%- if message.role == 'assistant' and message.tool_calls %}
        {{- '<|im_start|>assistant\\n' + (message.content or '') }}
        {%- for call in message.tool_calls %}{{- '<tool_call>{"name": "' + call.function.name + '", "arguments": ' + (call.function.arguments | tojson) + '}' }}{%- endfor %}
        {{- '<|im_end|>\\n' }}
    {%- else %}
        {{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' }}{%- if enable_thinking is defined and enable_thinking is false %}{{- '<think>\\n\\n</think>\\n\\n' }}{%- endif %}{%- endif %}`
/** Arguments as OpenAI has them, printed as they are. */
const PRINTED = `{%- for m in messages %}<|im_start|>{{ m.role }}: {{ m.content }}{%- for c in m.tool_calls or [] %} {{ c.function.name }}({{ c.function.arguments }}){%- endfor %}<|im_end|>{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant: {% endif %}`
const PARTS = `{%- for m in messages %}<|im_start|>{{ m.role }}: {% for p in m.content %}[{{ p.text }}]{% endfor %}<|im_end|>{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant: {% endif %}`

describe.skipIf(program === '')('the tokens of a real llama.cpp server', () => {
  let fleet: LlamaFleet
  let url = ''
  let local: LoadedTokenizer

  beforeAll(async () => {
    fleet = await llamaFleet(program, 1)
    url = fleet.urls[0] ?? ''
    local = await loadTokenizer(MODEL_FILE)
  })
  afterAll(async () => {
    await fleet[Symbol.asyncDispose]()
    await local.tokenizer[Symbol.asyncDispose]()
  })

  it.each(AWKWARD_PROMPTS.map(({ name, body }) => ({ name, body })))(
    'are as many as it counts, asked and counted here: $name',
    async ({ body }) => {
      const request = { ...body, model: 'tiny', max_tokens: 1 }
      const { status, json } = await post(`${url}/v1/chat/completions`, request)
      expect(status).toBe(200)
      const counted = answer.parse(json).usage.prompt_tokens
      const remote = createRemoteTokenizer({ engine: 'llama.cpp', url })
      const asked = await remote.chat(JSON.stringify(request))
      expect(asked).toHaveLength(counted)
      const ours = await createPromptTokenizer(local.tokenizer, local.spec, LLAMA).chat(JSON.stringify(request))
      expect(ours.exact ? [...ours.tokens] : ours.reason).toEqual([...asked])
    },
  )

  it('are remembered from turn to turn without a difference', async () => {
    await using encoder = await createIncrementalEncoder((await loadTokenizer(MODEL_FILE)).tokenizer, local.spec, {
      segmentChars: 32,
    })
    const prompts = createPromptTokenizer(encoder, local.spec)
    const remote = createRemoteTokenizer({ engine: 'llama.cpp', url })
    const messages: object[] = []
    for (let turn = 0; turn < 6; turn++) {
      messages.push({ role: 'user', content: `the question ${turn} \r\n 😀<|im_end|> the` })
      const body = JSON.stringify({ messages })
      const ours = await prompts.chat(body)
      expect(ours.exact ? [...ours.tokens] : ours.reason).toEqual([...(await remote.chat(body))])
      messages.push({ role: 'assistant', content: `the answer ${turn}` })
    }
    expect(encoder.stats.cachedChars).toBeGreaterThan(encoder.stats.encodedChars)
  })

  it('agree with ours in the self-check, and disagree with a template that differs', async () => {
    const remote = createRemoteTokenizer({ engine: 'llama.cpp', url })
    const good = await selfCheck(createPromptTokenizer(local.tokenizer, local.spec, LLAMA), remote)
    expect(good).toMatchObject({ agreed: true })
    const template = (local.spec.templates.get('default') ?? '').replace('<|im_end|>\n', '<|im_end|>')
    const spec = { ...local.spec, templates: new Map([['default', template]]) }
    const bad = await selfCheck(createPromptTokenizer(local.tokenizer, spec), remote)
    expect(bad.agreed).toBe(false)
    expect(bad.reason).toMatch(
      /prompt 'plain': expected the engine's \d+ tokens, found \d+; at \d+: theirs \[.*must stay off/,
    )
  })

  it.each([
    { name: 'tools, and a setting that the engine makes', template: THINKING },
    { name: 'arguments printed as they are', template: PRINTED },
    { name: 'parts of content', template: PARTS },
  ])('agree with ours under another template: $name', { timeout: 60_000 }, async ({ template }) => {
    await withTemplate(template, async (own) => {
      const spec = { ...local.spec, templates: new Map([['default', template]]) }
      const { check } = await agreeWithEngine(
        local.tokenizer,
        spec,
        createRemoteTokenizer({ engine: 'llama.cpp', url: own }),
      )
      expect(check).toMatchObject({ agreed: true })
      expect(check.checks.filter(({ result }) => result === 'same')).toHaveLength(AWKWARD_PROMPTS.length)
    })
  })

  it('cannot be compared where the engine does not answer', async () => {
    const remote = createRemoteTokenizer({ engine: 'llama.cpp', url: 'http://127.0.0.1:9' })
    const checked = await selfCheck(createPromptTokenizer(local.tokenizer, local.spec, LLAMA), remote)
    expect(checked).toMatchObject({ agreed: false })
    expect(checked.reason).toMatch(/^only 0 of \d+ prompts could be compared: plain: POST http:\/\/127.0.0.1:9/)
  })
})
