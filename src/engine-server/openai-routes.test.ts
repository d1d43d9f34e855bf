import OpenAI from 'openai'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { startEngineServer } from './start-engine-server.ts'
import type { RunningEngine } from './start-engine-server.ts'

let engine: RunningEngine
let openai: OpenAI

beforeAll(async () => {
  engine = await startEngineServer({ model: 'simulated', speed: 50, maxModelLen: 4096 })
  openai = new OpenAI({ baseURL: `${engine.url}/v1`, apiKey: 'none', maxRetries: 0 })
})

afterAll(() => engine.close())

function post(path: string, body: unknown): Promise<Response> {
  return fetch(engine.url + path, { method: 'POST', body: typeof body === 'string' ? body : JSON.stringify(body) })
}

/** The body of an answer as a schema expects it. */
async function read<T extends z.ZodType>(schema: T, response: Promise<Response>): Promise<z.infer<T>> {
  return schema.parse(await (await response).json())
}

const tokenized = z.object({ count: z.int(), max_model_len: z.int(), tokens: z.array(z.int()) })

const tools = [
  {
    type: 'function' as const,
    function: {
      name: 'get_weather',
      parameters: { type: 'object', properties: { city: { type: 'string' }, days: { type: 'integer' } } },
    },
  },
]

describe('chat completions', () => {
  test('stream role, one chunk per token, the finish reason with the last one, usage and the end', async () => {
    const body = {
      messages: [{ role: 'user', content: 'Hi' }],
      max_tokens: 3,
      stream: true,
      stream_options: { include_usage: true },
    }
    const response = await post('/v1/chat/completions', body)
    expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
    const events = (await response.text()).split('\n\n')
    expect(events.slice(-2)).toEqual(['data: [DONE]', ''])
    const chunks = events.slice(0, -2).map((event): unknown => JSON.parse(event.replace(/^data: /, '')))
    const word = expect.stringMatching(/^[a-z]{3} $/)
    expect(chunks).toMatchObject([
      {
        object: 'chat.completion.chunk',
        choices: [{ delta: { role: 'assistant', content: '' }, finish_reason: null }],
      },
      { choices: [{ index: 0, delta: { content: word }, finish_reason: null }] },
      { choices: [{ delta: { content: word }, finish_reason: null }] },
      { choices: [{ delta: { content: word }, finish_reason: 'length' }] },
      {
        choices: [],
        usage: {
          prompt_tokens: 16,
          completion_tokens: 3,
          total_tokens: 19,
          prompt_tokens_details: { cached_tokens: 0 },
        },
      },
    ])
  })

  test('say the same streamed and whole', async () => {
    const request = { model: 'simulated', messages: [{ role: 'user' as const, content: 'the same' }], max_tokens: 20 }
    const whole = await openai.chat.completions.create(request)
    let text = ''
    for await (const chunk of await openai.chat.completions.create({ ...request, stream: true })) {
      text += chunk.choices[0]?.delta.content ?? ''
    }
    expect(text).toHaveLength(80)
    expect(whole.choices[0]?.message.content).toBe(text)
    expect(whole.choices[0]?.finish_reason).toBe('length')
  })

  test('find prompt and answer of the turn before in the cache', async () => {
    const system = { role: 'system' as const, content: 'You are terse. '.repeat(40) }
    const first = { role: 'user' as const, content: 'What now?' }
    const request = { model: 'simulated', max_tokens: 100 }
    const one = await openai.chat.completions.create({ ...request, messages: [system, first] })
    const answer = { role: 'assistant' as const, content: one.choices[0]?.message.content ?? '' }
    const second = { role: 'user' as const, content: 'And then?' }
    const two = await openai.chat.completions.create({ ...request, messages: [system, first, answer, second] })
    const computed = (one.usage?.prompt_tokens ?? 0) + 100 - 1
    expect(two.usage?.prompt_tokens_details?.cached_tokens).toBe(Math.floor(computed / 16) * 16)
  })

  test('give as many choices as asked, and count their prompt once', async () => {
    const messages = [{ role: 'user' as const, content: 'choose' }]
    const answer = await openai.chat.completions.create({ model: 'simulated', messages, max_tokens: 5, n: 3 })
    expect(answer.choices.map(({ index }) => index)).toEqual([0, 1, 2])
    expect(new Set(answer.choices.map(({ message }) => message.content)).size).toBe(3)
    expect(answer.usage).toMatchObject({ prompt_tokens: 17, completion_tokens: 15 })
  })

  test('call a function when they must, and find the call in the cache afterwards', async () => {
    const question = { role: 'user' as const, content: 'Weather?' }
    const request = { model: 'simulated', messages: [question], tools, max_completion_tokens: 500 }
    const one = await openai.chat.completions.create({ ...request, tool_choice: 'required' })
    const [choice] = one.choices
    expect(choice?.finish_reason).toBe('tool_calls')
    const call = choice?.message.tool_calls?.[0]
    if (call?.type !== 'function') throw new Error('expected a function call')
    expect(call.function.name).toBe('get_weather')
    expect(JSON.parse(call.function.arguments)).toEqual({ city: expect.any(String), days: expect.any(Number) })

    const result = { role: 'tool' as const, tool_call_id: call.id, content: 'rain' }
    const history = [question, { role: 'assistant' as const, content: null, tool_calls: [call] }, result]
    const two = await openai.chat.completions.create({ ...request, messages: history })
    expect(two.choices[0]?.message.content).toMatch(/^[a-z]{3} /)
    const computed = (one.usage?.total_tokens ?? 0) - 1
    expect(two.usage?.prompt_tokens_details?.cached_tokens).toBe(Math.floor(computed / 16) * 16)
  })

  test('stream a function call that the message asks for', async () => {
    const messages = [{ role: 'user' as const, content: 'Please TOOLCALL' }]
    const stream = openai.chat.completions.stream({ model: 'simulated', messages, tools, max_tokens: 500 })
    const message = await stream.finalMessage()
    const call = message.tool_calls?.[0]
    if (call?.type !== 'function') throw new Error('expected a function call')
    expect(Object.keys(JSON.parse(call.function.arguments))).toEqual(['city', 'days'])
  })

  test('call no function when they must not', async () => {
    const messages = [{ role: 'user' as const, content: 'Please TOOLCALL' }]
    const request = { model: 'simulated', messages, tools, max_tokens: 5 }
    const answer = await openai.chat.completions.create({ ...request, tool_choice: 'none' })
    expect(answer.choices[0]?.finish_reason).toBe('length')
  })
})

describe('completions', () => {
  test('answer texts, lists, token ids and lists of them', async () => {
    const ids = Array.from(new Uint32Array(Buffer.from('some text here..').buffer.slice(0, 16)))
    const ask = async (prompt: string | string[] | number[] | number[][]): Promise<string[]> => {
      const { choices } = await openai.completions.create({ model: 'simulated', prompt, max_tokens: 4 })
      return choices.map(({ text }) => text)
    }
    expect(await ask('some text')).toEqual([expect.stringMatching(/^([a-z]+ ){4,5}$/)])
    const [one] = await ask('one')
    const [two] = await ask('two')
    expect(await ask(['one', 'two'])).toEqual([one, two])
    expect(await ask(ids)).toHaveLength(1)
    expect(await ask([ids, ids.slice(1)])).toHaveLength(2)
  })

  test('know a text by its token ids', async () => {
    const prompt = 'exactly sixteen '.repeat(8)
    const { tokens, count } = await read(tokenized, post('/tokenize', { prompt }))
    expect(count).toBe(32)
    const byText = await openai.completions.create({ model: 'simulated', prompt, max_tokens: 4 })
    const byIds = await openai.completions.create({ model: 'simulated', prompt: tokens, max_tokens: 4 })
    expect(byIds.choices[0]?.text).toBe(byText.choices[0]?.text)
    expect(byIds.usage?.prompt_tokens_details?.cached_tokens).toBe(16)
  })

  test('stream one chunk per token', async () => {
    const request = { model: 'simulated', prompt: 'p', max_tokens: 6, stream: true as const }
    const chunks = []
    for await (const chunk of await openai.completions.create(request)) chunks.push(chunk.choices[0])
    expect(chunks.map((choice) => choice?.finish_reason)).toEqual([null, null, null, null, null, 'length'])
  })
})

describe('responses', () => {
  test('answer with text and usage, streamed and whole', async () => {
    const request = { model: 'simulated', input: 'hello', instructions: 'Be kind.', max_output_tokens: 10 }
    const whole = await openai.responses.create(request)
    expect(whole.output_text).toMatch(/^([a-z]{3} ){10}$/)
    expect(whole.usage).toMatchObject({ output_tokens: 10, input_tokens_details: { cached_tokens: 0 } })
    const events = []
    let text = ''
    for await (const event of await openai.responses.create({ ...request, stream: true })) {
      events.push(event)
      if (event.type === 'response.output_text.delta') text += event.delta
    }
    expect(events.at(-1)).toMatchObject({ response: { usage: { output_tokens: 10 } } })
    expect(text).toBe(whole.output_text)
    expect(events.map(({ type }) => type)).toEqual([
      'response.created',
      'response.in_progress',
      'response.output_item.added',
      'response.content_part.added',
      ...Array.from({ length: 10 }, () => 'response.output_text.delta'),
      'response.output_text.done',
      'response.content_part.done',
      'response.output_item.done',
      'response.completed',
    ])
  })

  test('call functions, and find call and prompt in the cache afterwards', async () => {
    const responseTools = [
      {
        type: 'function' as const,
        name: 'look',
        parameters: { properties: { at: { type: 'string' } } },
        strict: false,
      },
    ]
    const input = [{ role: 'user' as const, content: 'look there' }]
    const request = { model: 'simulated', tools: responseTools, max_output_tokens: 100 }
    const one = await openai.responses.create({ ...request, input, tool_choice: 'required' })
    const [call] = one.output
    if (call?.type !== 'function_call') throw new Error('expected a function call')
    expect(JSON.parse(call.arguments)).toEqual({ at: expect.any(String) })
    const result = { type: 'function_call_output' as const, call_id: call.call_id, output: 'nothing' }
    const two = await openai.responses.create({ ...request, input: [...input, call, result] })
    const computed = (one.usage?.total_tokens ?? 0) - 1
    expect(two.usage?.input_tokens_details.cached_tokens).toBe(Math.floor(computed / 16) * 16)
    const types = []
    for await (const event of await openai.responses.create({
      ...request,
      input,
      tool_choice: 'required',
      stream: true,
    })) {
      types.push(event.type)
    }
    expect(types).toContain('response.function_call_arguments.delta')
    expect(types.at(-1)).toBe('response.completed')
  })

  test('know no earlier response', async () => {
    const request = { model: 'simulated', input: 'x', previous_response_id: 'resp_1' }
    await expect(openai.responses.create(request)).rejects.toThrow(/resp_1' not found/)
  })
})
