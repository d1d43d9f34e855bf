import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { agreeWithEngine } from '../tokenizer/agree-with-engine.ts'
import { loadTokenizer } from '../tokenizer/load-tokenizer.ts'
import { createRemoteTokenizer } from '../tokenizer/remote-tokenizer.ts'
import { buildTokenizerJson, repositoryText, TINY_CONFIG } from '../tokenizer/testing/tiny-tokenizer.ts'
import type { RunningEngine } from './start-engine-server.ts'
import { startEngineServer } from './start-engine-server.ts'
import { post } from './testing/client.ts'
import { followBlocks } from './testing/followed-blocks.ts'

let folder: string
let engine: RunningEngine

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kvasir-engine-'))
  const json = buildTokenizerJson(await repositoryText(40_000), 200)
  await writeFile(join(folder, 'tokenizer.json'), JSON.stringify(json))
  await writeFile(join(folder, 'tokenizer_config.json'), JSON.stringify(TINY_CONFIG))
  engine = await startEngineServer({
    tokenizer: folder,
    model: 'm',
    speed: 200,
    kvEvents: { form: 'vllm', replayPort: 0 },
  })
}, 30_000)

afterAll(async () => {
  await engine.close()
  await rm(folder, { recursive: true })
})

const tokenized = z.object({ tokens: z.array(z.int()), count: z.int() })
const chat = { messages: [{ role: 'user', content: 'Wie viele Blöcke? '.repeat(30) }], max_tokens: 40 }

test('the tokens of its chats are those of the tokenizer and the template in the folder', async () => {
  const { spec, tokenizer } = await loadTokenizer(folder)
  await using _ = tokenizer
  const remote = createRemoteTokenizer({ engine: 'vllm', url: engine.url, model: 'm' })
  const { check } = await agreeWithEngine(tokenizer, spec, remote)
  expect([check.agreed, check.reason]).toEqual([true, expect.any(String)])
})

test('events carry them, and what was generated is in the cache of the next turn', async () => {
  using followed = await followBlocks(engine, 'vllm')
  const { tokens } = tokenized.parse(await (await post(engine, '/tokenize', { messages: chat.messages })).json())
  const reply = z.object({
    choices: z.tuple([z.object({ message: z.object({ content: z.string() }) })]),
    usage: z.object({ prompt_tokens: z.int(), prompt_tokens_details: z.object({ cached_tokens: z.int() }) }),
  })
  const first = reply.parse(await (await post(engine, '/v1/chat/completions', chat)).json())
  expect(first.usage.prompt_tokens).toBe(tokens.length)
  await followed.agreed(engine)
  const stored = followed.stores.flatMap(({ tokenIds }) => [...tokenIds])
  const full = tokens.length - (tokens.length % 16)
  expect(stored.slice(0, full)).toEqual(tokens.slice(0, full))
  const { content } = first.choices[0].message
  const turns = [...chat.messages, { role: 'assistant', content }, { role: 'user', content: 'Go on.' }]
  const second = reply.parse(
    await (await post(engine, '/v1/chat/completions', { messages: turns, max_tokens: 1 })).json(),
  )
  expect(second.usage.prompt_tokens_details.cached_tokens).toBeGreaterThanOrEqual(tokens.length - 16)
})

test('texts are told back, in whatever script', async () => {
  const prompt = 'Grüße, 世界! 😀 <|im_end|>'
  const { tokens } = tokenized.parse(await (await post(engine, '/tokenize', { prompt })).json())
  expect(await (await post(engine, '/detokenize', { tokens })).json()).toEqual({ prompt })
})

test('every route understands prompts, and function calls are answered too', async () => {
  const tools = [{ type: 'function', function: { name: 'f', parameters: { type: 'object', properties: {} } } }]
  const call = await post(engine, '/v1/chat/completions', { ...chat, tools, tool_choice: 'required' })
  expect(await call.json()).toMatchObject({ choices: [{ finish_reason: 'tool_calls' }] })
  const messages = { messages: chat.messages, max_tokens: 3 }
  expect(await (await post(engine, '/v1/messages', messages)).json()).toMatchObject({ usage: { output_tokens: 3 } })
  const counted: unknown = await (await post(engine, '/v1/messages/count_tokens', messages)).json()
  const { count } = tokenized.parse(await (await post(engine, '/tokenize', { messages: chat.messages })).json())
  expect(counted).toEqual({ input_tokens: count })
  expect((await post(engine, '/v1/embeddings', { input: ['a text', 'another'] })).status).toBe(200)
  expect((await post(engine, '/v1/completions', { prompt: ['a', 'b'], max_tokens: 2 })).status).toBe(200)
})

test('a folder without a tokenizer is refused with what was expected', async () => {
  await expect(startEngineServer({ tokenizer: tmpdir() })).rejects.toThrow(/expected a file tokenizer.json/)
})
