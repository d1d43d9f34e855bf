import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const main = fileURLToPath(new URL('main.ts', import.meta.url))

function run(...flags: string[]): { child: ChildProcess; output: () => string; ended: Promise<number | null> } {
  const child = spawn(process.execPath, [main, 'engine', ...flags], { stdio: ['ignore', 'pipe', 'pipe', 'ipc'] })
  let output = ''
  child.stdout?.on('data', (data: Buffer) => (output += data.toString()))
  child.stderr?.on('data', (data: Buffer) => (output += data.toString()))
  const ended = once(child, 'exit').then(() => child.exitCode)
  return { child, output: () => output, ended }
}

async function ready(engine: ReturnType<typeof run>): Promise<string> {
  while (!engine.output().includes('\n')) await new Promise((resolve) => setTimeout(resolve, 10))
  return /^engine ready on (http:\S+)\n/.exec(engine.output())?.[1] ?? engine.output()
}

test('says where it listens, takes its flags, and stops on a signal', async () => {
  const engine = run('--port', '0', '--model', 'mine', '--kv-tokens', '3k', '--speed', '100', '--block-size', '32')
  const url = await ready(engine)
  const models: unknown = await (await fetch(`${url}/v1/models`)).json()
  expect(models).toMatchObject({ data: [{ id: 'mine', max_model_len: 2976 }] })
  expect(await (await fetch(`${url}/metrics`)).text()).toContain('block_size="32"')
  engine.child.kill('SIGTERM')
  expect(await engine.ended).toBe(0)
})

test('caches nothing where it is told so, and tells of cached tokens as it is told', async () => {
  const engine = run('--port', '0', '--speed', '100', '--no-prefix-caching', '--report-cached-tokens', 'never')
  const url = await ready(engine)
  expect(await (await fetch(`${url}/metrics`)).text()).toContain('enable_prefix_caching="False"')
  const body = JSON.stringify({ prompt: 'x', max_tokens: 1 })
  const answer: unknown = await (await fetch(`${url}/v1/completions`, { method: 'POST', body })).json()
  expect(answer).toMatchObject({ usage: { prompt_tokens_details: null } })
  engine.child.kill('SIGTERM')
  expect(await engine.ended).toBe(0)
})

test('stops when the process that started it is gone', async () => {
  const engine = run('--port', '0')
  await ready(engine)
  engine.child.disconnect()
  expect(await engine.ended).toBe(0)
})

test('publishes KV events at the ports it names, in the flavour it is told, and dies of a crash', async () => {
  const events = ['--kv-events', 'sglang', '--kv-events-replay-port', '0', '--data-parallel-size', '2']
  const engine = run('--port', '0', '--flavor', 'sglang', '--lora', 'a,b=/b', ...events)
  const url = await ready(engine)
  const info: unknown = await (await fetch(`${url}/get_server_info`)).json()
  expect(info).toMatchObject({ dp_size: 2, kv_events_config: expect.stringContaining('"publisher":"zmq"') })
  const rank = /KV events of rank [01] at tcp:\/\/127\.0\.0\.1:\d+, replay at tcp:\/\/127\.0\.0\.1:\d+\n/g
  while ((engine.output().match(rank) ?? []).length < 2) await new Promise((resolve) => setTimeout(resolve, 10))
  const models: unknown = await (await fetch(`${url}/v1/models`)).json()
  expect(models).toMatchObject({ data: [{ owned_by: 'sglang' }, { id: 'a' }, { id: 'b', root: '/b' }] })
  await fetch(`${url}/faults/now`, { method: 'POST', body: '{"incident":"crash"}' })
  expect(await engine.ended).toBe(1)
})

test.each([
  [['--kv-tokens', '3x'], /'--kv-tokens <tokens>' argument '3x' is invalid. Expected a number of tokens such as/],
  [['--profile', 'gpt'], /Choose one of .*qwen3-32b-tp2-h100/],
  [['--error-rate', '2'], /Expected a share from 0 to 1/],
  [['--kv-events', 'morse'], /Allowed choices are vllm, vllm-array, sglang, sglang-array, tensorrt-llm/],
  [['--flavor', 'vanilla'], /Allowed choices are vllm, sglang, llama.cpp, tensorrt-llm, openai/],
  [['--kv-events-replay-frames', '5'], /Expected 3 or 4/],
  [['--report-cached-tokens', 'maybe'], /Allowed choices are always, found, never/],
  [['--frob'], /unknown option '--frob'/],
])('%j is refused', async (flags, message) => {
  const engine = run(...flags)
  expect(await engine.ended).toBe(2)
  expect(engine.output()).toMatch(message)
})

test('tells how faults are set, takes those of events, and changes them while it runs', async () => {
  const help = run('--help')
  expect(await help.ended).toBe(0)
  expect(help.output()).toContain('POST /faults/now')
  const stream = ['--error-after', '2', '--comment-first']
  const engine = run('--port', '0', '--kv-events', 'vllm', '--event-drop', '0.05', '--event-reorder', '1', ...stream)
  const url = await ready(engine)
  const faults = async (method: string): Promise<unknown> => (await fetch(`${url}/faults`, { method })).json()
  expect(await faults('GET')).toMatchObject({ eventDrop: 0.05, eventReorder: 1, eventDuplicate: 0 })
  expect(await faults('GET')).toMatchObject({ errorAfter: 2, commentFirst: true })
  expect(await faults('DELETE')).toMatchObject({ eventDrop: 0, eventReorder: 0 })
  engine.child.kill('SIGTERM')
  expect(await engine.ended).toBe(0)
})
