import { setTimeout as sleep } from 'node:timers/promises'
import OpenAI from 'openai'
import { describe, expect, it } from 'vitest'
import { simulatedFleet, type SimulatedFleet } from './testing/simulated-fleet.ts'

const MODEL = 'simulated'
const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='
const WEATHER = {
  type: 'function' as const,
  function: {
    name: 'weather',
    parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
  },
}

function clientOf({ router }: SimulatedFleet): OpenAI {
  return new OpenAI({ baseURL: `${router.gateway}/v1`, apiKey: 'none', maxRetries: 0 })
}

function words(count: number): string {
  return 'a long system prompt that fills blocks. '.repeat(count)
}

describe('the official openai package', () => {
  it('gets plain and streamed chat completions, with usage', async () => {
    await using fleet = await simulatedFleet(2)
    const client = clientOf(fleet)
    const messages = [{ role: 'user' as const, content: 'Hello' }]
    const plain = await client.chat.completions.create({ model: MODEL, messages, max_tokens: 12 })
    expect(plain.choices[0]?.message.content?.length).toBe(48)
    expect(plain.usage).toMatchObject({ completion_tokens: 12 })
    const stream = await client.chat.completions.create({
      model: MODEL,
      messages,
      max_tokens: 12,
      stream: true,
      stream_options: { include_usage: true },
    })
    let text = ''
    let usage
    for await (const chunk of stream) {
      text += chunk.choices[0]?.delta.content ?? ''
      usage = chunk.usage ?? usage
    }
    expect(text).toBe(plain.choices[0]?.message.content)
    expect(usage).toMatchObject({ completion_tokens: 12 })
  })

  it('keeps a chat on the endpoint that has its cache, and the engine finds it cached', async () => {
    await using fleet = await simulatedFleet(4)
    const client = clientOf(fleet)
    const messages: OpenAI.ChatCompletionMessageParam[] = [
      { role: 'system', content: words(100) },
      { role: 'user', content: 'first question' },
    ]
    const endpoints = new Set<string | null>()
    let cached = 0
    for (let turn = 0; turn < 4; turn++) {
      const { data, response } = await client.chat.completions
        .create({ model: MODEL, messages, max_tokens: 40 })
        .withResponse()
      endpoints.add(response.headers.get('x-kvasir-endpoint'))
      if (turn > 0) {
        const { prompt_tokens, prompt_tokens_details } = data.usage ?? {}
        cached = (prompt_tokens_details?.cached_tokens ?? 0) / (prompt_tokens ?? 1)
        expect(cached).toBeGreaterThan(0.9)
        expect(Number(response.headers.get('x-kvasir-matched-tokens'))).toBeGreaterThan(900)
      }
      messages.push({ role: 'assistant', content: data.choices[0]?.message.content ?? '' })
      messages.push({ role: 'user', content: `question ${turn}` })
    }
    expect(endpoints.size).toBe(1)
  })

  it('gets tool calls, streamed and plain, and sends their results', async () => {
    await using fleet = await simulatedFleet(1)
    const client = clientOf(fleet)
    const ask = { model: MODEL, tools: [WEATHER], tool_choice: 'required' as const, max_tokens: 40 }
    const messages: OpenAI.ChatCompletionMessageParam[] = [{ role: 'user', content: 'Weather in Oslo?' }]
    const { choices } = await client.chat.completions.create({ ...ask, messages })
    const [call] = choices[0]?.message.tool_calls ?? []
    if (call?.type !== 'function') throw new Error('a function call was expected')
    expect(call.function.name).toBe('weather')
    expect(() => JSON.parse(call.function.arguments)).not.toThrow()
    const stream = client.chat.completions.stream({ ...ask, messages })
    const final = await stream.finalChatCompletion()
    expect(final.choices[0]?.message.tool_calls?.[0]).toMatchObject({ function: { name: 'weather' } })
    const answer = await client.chat.completions.create({
      model: MODEL,
      max_tokens: 4,
      messages: [
        ...messages,
        { role: 'assistant', tool_calls: [call] },
        { role: 'tool', tool_call_id: call.id, content: '12 degrees' },
      ],
    })
    expect(answer.choices[0]?.message.content).toBeTruthy()
  })

  it('sends images; another image is another prompt', async () => {
    await using fleet = await simulatedFleet(2)
    const client = clientOf(fleet)
    const ask = (data: string) =>
      client.chat.completions
        .create({
          model: MODEL,
          max_tokens: 4,
          messages: [
            {
              role: 'user',
              content: [
                { type: 'image_url', image_url: { url: `data:image/png;base64,${data}` } },
                { type: 'text', text: words(50) },
              ],
            },
          ],
        })
        .withResponse()
    const matched = async (data: string) => Number((await ask(data)).response.headers.get('x-kvasir-matched-tokens'))
    expect(await matched(PIXEL)).toBe(0)
    expect(await matched(PIXEL)).toBeGreaterThan(400)
    expect(await matched(PIXEL.replace('iVBO', 'iVBP'))).toBe(0)
  })

  it('gets completions, responses, embeddings and the model list', async () => {
    await using fleet = await simulatedFleet(2)
    const client = clientOf(fleet)
    const completion = await client.completions.create({ model: MODEL, prompt: [1, 2, 3, 4], max_tokens: 5 })
    expect(completion.usage).toMatchObject({ prompt_tokens: 4, completion_tokens: 5 })
    const response = await client.responses.create({ model: MODEL, input: 'Hello', max_output_tokens: 5 })
    expect(response.output_text.length).toBe(20)
    let streamed = ''
    for await (const event of await client.responses.create({
      model: MODEL,
      input: 'Hello',
      max_output_tokens: 5,
      stream: true,
    })) {
      if (event.type === 'response.output_text.delta') streamed += event.delta
    }
    expect(streamed).toBe(response.output_text)
    const embedding = await client.embeddings.create({ model: MODEL, input: ['a', 'b'] })
    expect(embedding.data).toHaveLength(2)
    const models = []
    for await (const model of client.models.list()) models.push(model.id)
    expect(models).toEqual([MODEL])
  })

  it('sees errors as the classes it knows', async () => {
    await using fleet = await simulatedFleet(1, { maxModelLen: 100 })
    const client = clientOf(fleet)
    const messages = [{ role: 'user' as const, content: 'Hello' }]
    await expect(client.chat.completions.create({ model: 'nobody', messages })).rejects.toThrow(OpenAI.NotFoundError)
    await expect(client.chat.completions.create({ model: 'nobody', messages })).rejects.toThrow(
      /Known models: 'simulated'/,
    )
    // The engine's own refusal comes through as it is.
    const tooLong = client.chat.completions.create({ model: MODEL, messages: [{ role: 'user', content: words(100) }] })
    await expect(tooLong).rejects.toThrow(OpenAI.BadRequestError)
  })

  it('stops the engine when a stream is aborted', async () => {
    await using fleet = await simulatedFleet(1, { speed: 1 })
    const stream = await clientOf(fleet).chat.completions.create({
      model: MODEL,
      messages: [{ role: 'user', content: 'Tell me everything' }],
      max_tokens: 5000,
      stream: true,
    })
    for await (const _chunk of stream) break
    stream.controller.abort()
    const running = async () => {
      const page = await (await fetch(`${fleet.engines[0]?.url}/metrics`)).text()
      return Number(/^vllm:num_requests_running\{[^}]*\} (\S+)$/m.exec(page)?.[1])
    }
    const until = performance.now() + 1000
    while ((await running()) > 0 && performance.now() < until) await sleep(10)
    expect(await running()).toBe(0)
  })
})
