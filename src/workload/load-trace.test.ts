import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { decisionLogLine } from '../core/decision-log-format.ts'
import { NO_BLOCKS } from '../prefix/block-keys.ts'
import { idealReuse } from './ideal-reuse.ts'
import { loadTrace } from './load-trace.ts'
import { countRequests } from './workload.ts'

const conversation = resolve('../shared/traces/mooncake/conversation_trace.jsonl')
const agents = resolve('../shared/traces/coding-agents')
let folder = ''

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kvasir-trace-'))
})
afterAll(() => rm(folder, { recursive: true }))

async function file(name: string, text: string): Promise<string> {
  const path = join(folder, name)
  await writeFile(path, text)
  return path
}

test('the conversation trace: 12,031 requests, an endless cache holds 0.374 of their tokens', async ({ skip }) => {
  skip(!existsSync(conversation), 'the Mooncake trace is not at ../shared/traces')
  const workload = await loadTrace(conversation)
  expect(workload).toMatchObject({ name: 'mooncake', pacing: 'open' })
  expect(countRequests(workload)).toBe(12_031)
  const blocks = new Set<number>()
  for (const { requests } of workload.sessions)
    for (const id of requests[0]?.messages[0]?.parts[0]?.ids ?? []) blocks.add(id)
  expect(blocks.size).toBe(182_790)
  expect(Math.abs(idealReuse(workload).share - 0.374)).toBeLessThan(0.005)
  expect(workload.sessions.at(-1)?.start).toBeCloseTo(3537, 0)
})

test('the coding-agent traces: 40 sessions, 1,871 requests, nearly every token was there before', async ({ skip }) => {
  skip(!existsSync(agents), 'the coding-agent traces are not at ../shared/traces')
  const workload = await loadTrace(agents)
  expect(workload).toMatchObject({ name: 'coding-agents', pacing: 'sessions' })
  expect(workload.sessions).toHaveLength(40)
  expect(countRequests(workload)).toBe(1871)
  expect(idealReuse(workload).share).toBeGreaterThan(0.9)
  const one = await loadTrace(join(agents, 'trace_0006.json'))
  expect(countRequests(one)).toBe(46)
})

function decisionLine(model: string): string {
  const request = {
    at: 1e12,
    e2e: 5,
    ttft: 1,
    model,
    promptTokens: 5,
    promptBytes: 20,
    outputTokens: 3,
    blocks: NO_BLOCKS,
  }
  return decisionLogLine({ ...request, cachedTokens: undefined, session: undefined, endpoint: undefined }, 's')
}

const session = {
  id: 's',
  block_size: 64,
  tool_tokens: 0,
  system_tokens: 0,
  requests: [{ t: 0, in: 64, out: 1, hash_ids: [1] }],
}

test('recognises the formats by what is in the file', async () => {
  const line = '{"timestamp":1,"input_length":10,"output_length":1,"hash_ids":[1]}'
  const bailian = '{"chat_id":1,"parent_chat_id":-1,"timestamp":1,"input_length":10,"output_length":1,"hash_ids":[1]}'
  expect((await loadTrace(await file('a', `\n${line}\n`))).name).toBe('mooncake')
  expect((await loadTrace(await file('b', bailian))).name).toBe('bailian')
  expect((await loadTrace(await file('c', JSON.stringify(session)))).name).toBe('coding-agents')
  expect((await loadTrace(await file('d', JSON.stringify(session, null, 2)))).name).toBe('coding-agents')
  const two = `${JSON.stringify(session)}\n${JSON.stringify(session)}\n`
  expect((await loadTrace(await file('e', two))).sessions).toHaveLength(2)
})

test('takes another block size for a file that has one', async () => {
  const path = await file('f', '{"timestamp":1,"input_length":655,"output_length":1,"hash_ids":[1,2,3]}')
  await expect(loadTrace(path)).rejects.toThrow('--trace-block-tokens')
  expect(countRequests(await loadTrace(path, { blockTokens: 256 }))).toBe(1)
})

test('reads a decision log from a file or from a folder of them', async () => {
  const path = await file('decisions', decisionLine('m'))
  expect(await loadTrace(path)).toMatchObject({ name: 'decision-log', pacing: 'open' })
  const logs = await mkdtemp(join(tmpdir(), 'kvasir-logs-'))
  await writeFile(join(logs, 'a.jsonl'), decisionLine('m'))
  await writeFile(join(logs, 'b.jsonl'), decisionLine('n'))
  await expect(loadTrace(logs)).rejects.toThrow('choose one with --model')
  expect(countRequests(await loadTrace(logs, { model: 'n' }))).toBe(1)
  await rm(logs, { recursive: true })
})

test('says what is missing from a trace without ids of blocks', async () => {
  const path = await file('i', '{"timestamp":1,"input_length":5,"output_length":1}')
  await expect(loadTrace(path)).rejects.toThrow(/i:1: hash_ids is missing: .* not which of them share a prefix/)
})

test('says what is wrong with a path', async () => {
  await expect(loadTrace(join(folder, 'missing'))).rejects.toThrow(/missing: expected a Mooncake .*ENOENT/)
  await expect(loadTrace(folder)).rejects.toThrow(
    'expected .json files of coding-agent sessions or .jsonl files of decision logs, found none',
  )
  await expect(loadTrace(await file('g', '{"prompt":"x"}'))).rejects.toThrow('found an object with prompt')
  await expect(loadTrace(await file('h', 'hello'))).rejects.toThrow(
    /h:1: expected a Mooncake .*ids of prompts' blocks; found "hello"/,
  )
})
