import Anthropic from '@anthropic-ai/sdk'
import { describe, expect, it } from 'vitest'
import { NO_FAULTS } from '../src/engine-server/faults.ts'
import { simulatedFleet, type SimulatedFleet } from './testing/simulated-fleet.ts'

const MODEL = 'simulated'
const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='
const WEATHER: Anthropic.Tool = {
  name: 'weather',
  input_schema: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
}

function clientOf({ router }: SimulatedFleet): Anthropic {
  return new Anthropic({ baseURL: router.gateway, apiKey: 'none', maxRetries: 0 })
}

const system = 'a long system prompt that fills blocks. '.repeat(100)

describe('the official Anthropic package', () => {
  it('gets plain and streamed messages', async () => {
    await using fleet = await simulatedFleet(2)
    const client = clientOf(fleet)
    const ask = { model: MODEL, max_tokens: 12, messages: [{ role: 'user' as const, content: 'Hello' }] }
    const plain = await client.messages.create(ask)
    expect(plain.usage.output_tokens).toBe(12)
    const final = await client.messages.stream(ask).finalMessage()
    expect(final.content).toEqual(plain.content)
    expect(final.usage.output_tokens).toBe(12)
  })

  it('keeps a conversation where its cache is, whether system comes as text or as blocks', async () => {
    await using fleet = await simulatedFleet(4)
    const client = clientOf(fleet)
    const messages: Anthropic.MessageParam[] = [{ role: 'user', content: 'first question' }]
    const first = await client.messages.create({ model: MODEL, max_tokens: 12, system, messages }).withResponse()
    messages.push({ role: 'assistant', content: first.data.content }, { role: 'user', content: 'second question' })
    const blocks: Anthropic.TextBlockParam[] = [{ type: 'text', text: system, cache_control: { type: 'ephemeral' } }]
    const second = await client.messages
      .create({ model: MODEL, max_tokens: 12, system: blocks, messages })
      .withResponse()
    const endpoint = (answer: { response: Response }) => answer.response.headers.get('x-kvasir-endpoint')
    expect(endpoint(second)).toBe(endpoint(first))
    expect(Number(second.response.headers.get('x-kvasir-matched-tokens'))).toBeGreaterThan(900)
    expect(second.data.usage.cache_read_input_tokens ?? 0).toBeGreaterThan(900)
  })

  it('gets tool use and sends its result, with an image in it', async () => {
    await using fleet = await simulatedFleet(1)
    const client = clientOf(fleet)
    const messages: Anthropic.MessageParam[] = [{ role: 'user', content: 'Weather in Oslo?' }]
    const ask = { model: MODEL, max_tokens: 40, tools: [WEATHER], tool_choice: { type: 'any' as const } }
    const called = await client.messages.stream({ ...ask, messages }).finalMessage()
    const use = called.content.find((block) => block.type === 'tool_use')
    if (use === undefined) throw new Error('a tool call was expected')
    expect(use.name).toBe('weather')
    const picture: Anthropic.ImageBlockParam = {
      type: 'image',
      source: { type: 'base64', media_type: 'image/png', data: PIXEL },
    }
    const result: Anthropic.ToolResultBlockParam = {
      type: 'tool_result',
      tool_use_id: use.id,
      content: [picture, { type: 'text', text: 'rain' }],
    }
    messages.push({ role: 'assistant', content: called.content }, { role: 'user', content: [result] })
    const answer = await client.messages.create({ model: MODEL, max_tokens: 6, tools: [WEATHER], messages })
    expect(answer.usage.output_tokens).toBe(6)
  })

  it('counts tokens', async () => {
    await using fleet = await simulatedFleet(1)
    const counted = await clientOf(fleet).messages.countTokens({
      model: MODEL,
      system,
      messages: [{ role: 'user', content: 'x' }],
    })
    expect(counted.input_tokens).toBeGreaterThan(1000)
  })

  it('sees errors as the classes it knows', async () => {
    await using fleet = await simulatedFleet(1)
    const client = clientOf(fleet)
    const wrong = client.messages.create({ model: 'nobody', max_tokens: 5, messages: [{ role: 'user', content: 'x' }] })
    await expect(wrong).rejects.toThrow(Anthropic.NotFoundError)
    await expect(wrong).rejects.toMatchObject({ error: { type: 'error', error: { type: 'not_found_error' } } })
  })

  it('notices when a stream is aborted or breaks', async () => {
    await using fleet = await simulatedFleet(1, { faults: { ...NO_FAULTS, resetAfter: 5 } })
    const stream = clientOf(fleet).messages.stream({
      model: MODEL,
      max_tokens: 50,
      messages: [{ role: 'user', content: 'x' }],
    })
    await expect(stream.finalMessage()).rejects.toThrow()
  })
})
