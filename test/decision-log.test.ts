import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { decisionLineSchema } from '../src/core/decision-log-format.ts'
import { type RunningEngine, startEngineServer } from '../src/engine-server/start-engine-server.ts'
import { simulationReportSchema } from '../src/sim/report/simulation-schema.ts'
import { loadTrace } from '../src/workload/load-trace.ts'
import { CHAT, chatBody } from './testing/chat.ts'
import { eventually } from './testing/eventually.ts'
import { fakeEngine, plainAnswer } from './testing/fake-engine.ts'
import { heldAnswers } from './testing/held-answers.ts'
import { runKvasir } from './testing/kvasir-process.ts'
import { post } from './testing/post.ts'
import { routerProcess, writeConfig } from './testing/router-process.ts'
import { temporaryFolder } from './testing/temporary-folder.ts'

/** Starting processes takes its time on a busy machine. */
const SLOW = { timeout: 60_000 }
const PORTS = ['--host', '127.0.0.1', '--port', '0', '--admin-port', '0']

const SESSIONS = ['alice', 'bob', 'carol']
const TURNS = 3
const SYSTEM = 'Confidential instructions that all conversations share. '.repeat(40)

const usageSchema = z.object({ prompt_tokens: z.number(), completion_tokens: z.number() })
const answerSchema = z.object({
  choices: z.array(z.object({ message: z.object({ content: z.string() }) })),
  usage: usageSchema,
})
const eventSchema = z.object({
  choices: z.array(z.object({ delta: z.object({ content: z.string().nullish() }) })),
  usage: usageSchema.nullish(),
})

interface Message {
  readonly role: string
  readonly content: string
}

/** Asks for the next turn of a conversation, streamed or not. */
async function ask(gateway: string, messages: readonly Message[], user: string, stream: boolean) {
  const options = stream ? { stream, stream_options: { include_usage: true } } : {}
  const body = JSON.stringify({ model: 'simulated', messages, user, max_tokens: 8, ...options })
  const response = await post(gateway + CHAT, body)
  expect(response.status).toBe(200)
  const text = await response.text()
  const endpoint = response.headers.get('x-kvasir-endpoint')
  if (!stream) {
    const { choices, usage } = answerSchema.parse(JSON.parse(text))
    return { content: choices[0]?.message.content ?? '', usage, endpoint }
  }
  const events = [...text.matchAll(/^data: (\{.*\})$/gm)].map(([, json = '']) => eventSchema.parse(JSON.parse(json)))
  const content = events.flatMap(({ choices }) => choices.map(({ delta }) => delta.content ?? '')).join('')
  return { content, usage: events.findLast(({ usage }) => usage)?.usage, endpoint }
}

/** Conversations of several turns, side by side; every other request is streamed. */
async function converse(gateway: string) {
  const conversations = SESSIONS.map(async (user, index) => {
    const messages: Message[] = [{ role: 'system', content: SYSTEM }]
    const answers: Awaited<ReturnType<typeof ask>>[] = []
    for (let turn = 0; turn < TURNS; turn++) {
      messages.push({ role: 'user', content: `Secret question ${turn} of ${user}. `.repeat(20) })
      const answer = await ask(gateway, messages, user, (turn + index) % 2 === 0)
      messages.push({ role: 'assistant', content: answer.content })
      answers.push(answer)
    }
    return answers
  })
  return (await Promise.all(conversations)).flat()
}

const linesOf = (file: string) =>
  readFileSync(file, 'utf8')
    .trimEnd()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => decisionLineSchema.parse(JSON.parse(line)))

const endpointFlags = (engines: readonly RunningEngine[]) => engines.flatMap(({ url }) => ['--endpoint', url])

describe.concurrent('the decision log', SLOW, () => {
  it('of real traffic is a workload for the simulator', async () => {
    using folder = temporaryFolder()
    const file = folder.file('logs/decisions.jsonl')
    await using first = await startEngineServer({ speed: 20 })
    await using second = await startEngineServer({ speed: 20 })
    const args = [...PORTS, ...endpointFlags([first, second]), '--set', `log.decisions=${file}`]
    await using router = await routerProcess(args)
    const answers = await converse(router.gateway)
    router.kill('SIGTERM')
    expect(await router.exited).toBe(0)

    const text = readFileSync(file, 'utf8')
    expect(text).not.toMatch(/Confidential|Secret|alice|bob|carol/)
    for (const { content } of answers) expect(text).not.toContain(content.slice(0, 12))
    const lines = linesOf(file)
    const promptTokens = answers.map(({ usage }) => usage?.prompt_tokens ?? 0).toSorted((a, b) => a - b)
    expect(lines.map((line) => line.promptTokens).toSorted((a, b) => a - b)).toEqual(promptTokens)
    for (const { usage } of answers) expect(usage?.completion_tokens).toBe(8)
    for (const { outputTokens } of lines) expect(outputTokens).toBe(8)
    expect(new Set(lines.map(({ session }) => session)).size).toBe(SESSIONS.length)
    expect(lines.map(({ endpoint }) => endpoint).toSorted()).toEqual(
      answers.map(({ endpoint }) => endpoint ?? '').toSorted(),
    )
    expect(lines.filter(({ ttft }) => ttft !== undefined)).toHaveLength(5)
    expect(lines.some(({ cachedTokens = 0 }) => cachedTokens > 0)).toBe(true)
    for (const line of lines) {
      expect(line.at).toBeGreaterThan(Date.now() - 60_000)
      expect(line.e2e).toBeGreaterThan(line.ttft ?? 0)
    }

    const { sessions } = await loadTrace(file)
    expect(sessions.map(({ requests }) => requests.length)).toEqual(SESSIONS.map(() => TURNS))
    const loaded = sessions.flatMap(({ requests }) => requests.map((request) => request.promptTokens))
    expect(loaded.toSorted((a, b) => a - b)).toEqual(promptTokens)
    const options = ['--policies', 'marginal-cost,round-robin', '--replicas', '2', '--warm-up', '0', '--json', '-']
    const simulated = await runKvasir(['simulate', '--trace', file, ...options])
    expect(simulated).toMatchObject({ code: 0 })
    const report = simulationReportSchema.parse(JSON.parse(simulated.stdout))
    expect(report.workload).toMatchObject({ requests: answers.length, sessions: SESSIONS.length })
    for (const arm of report.cells[0]?.arms ?? []) expect(arm.cachedShare.value).toBeGreaterThan(0.2)
    expect(report.cells[0]?.arms).toHaveLength(2)
  })

  it('is written while the router runs, only for prompts that an endpoint has worked on', async () => {
    using folder = temporaryFolder()
    const file = folder.file('decisions.jsonl')
    const answers = heldAnswers()
    await using engine = await fakeEngine()
    const config = folder.file('kvasir.yaml')
    const settings = { endpoints: [{ url: engine.url, id: 'e' }], log: { decisions: file } }
    writeConfig(config, settings)
    await using router = await routerProcess(['--config', config])
    const url = router.gateway + CHAT
    await post(url, '{"model":')
    await post(url, chatBody({ model: 'unknown' }))
    await post(`${router.gateway}/tokenize`, '{"model":"m","prompt":"hello"}')
    engine.handle = (response) => response.writeHead(400).end('{}')
    await post(url, chatBody())
    engine.handle = answers.handle
    const leaving = new AbortController()
    const stream = await fetch(url, { method: 'POST', body: chatBody({ stream: true }), signal: leaving.signal })
    await stream.body?.getReader().read()
    leaving.abort()
    await eventually('the line of the request that was left', () => readFileSync(file, 'utf8') !== '')
    expect(linesOf(file)).toEqual([expect.objectContaining({ model: 'm', endpoint: 'e', blocks: '', outputTokens: 1 })])
    engine.handle = plainAnswer
    const prompt = Array.from({ length: 130 }, (_, i) => i)
    await post(`${router.gateway}/v1/completions`, JSON.stringify({ model: 'm', prompt }))
    await eventually('the line of the prompt of token ids', () => linesOf(file).length === 2)
    expect(linesOf(file)[1]).toMatchObject({ promptBytes: 4 * 130, promptTokens: 10 })
    expect(linesOf(file)[1]?.blocks).toHaveLength(2 * 16)
    writeConfig(config, { ...settings, log: { decisions: folder.file('other.jsonl') } })
    expect(await router.logged(/^these keys take effect at the next start/)).toMatchObject({ keys: ['log'] })
    expect(existsSync(folder.file('other.jsonl'))).toBe(false)
  })

  it('knows sessions by header too, and hashes them anew at each start', async () => {
    using folder = temporaryFolder()
    const file = folder.file('decisions.jsonl')
    await using engine = await fakeEngine()
    for (let start = 0; start < 2; start++) {
      await using router = await routerProcess([...PORTS, '--endpoint', engine.url], {
        env: { KVASIR_LOG_DECISIONS: file },
      })
      for (const session of ['a', 'b', 'a']) await post(router.gateway + CHAT, chatBody(), { 'x-session-id': session })
      router.kill('SIGTERM')
      await router.exited
    }
    const sessions = linesOf(file).map(({ session }) => session)
    expect(sessions).toHaveLength(6)
    expect([sessions[0], sessions[3]]).toEqual([sessions[2], sessions[5]])
    expect(new Set(sessions).size).toBe(4)
  })

  it('is not written unless it is asked for', async () => {
    using folder = temporaryFolder()
    await using engine = await fakeEngine()
    await using router = await routerProcess([...PORTS, '--endpoint', engine.url], { cwd: folder.path })
    expect((await post(router.gateway + CHAT, chatBody())).status).toBe(200)
    router.kill('SIGTERM')
    expect(await router.exited).toBe(0)
    expect(readdirSync(folder.path)).toEqual([])
  })

  it('that cannot be opened keeps the router from starting', async () => {
    using folder = temporaryFolder()
    const args = ['start', ...PORTS, '--endpoint', 'http://127.0.0.1:1', '--set', `log.decisions=${folder.path}`]
    const { code, stdout, stderr } = await runKvasir(args)
    expect([code, stdout]).toEqual([2, ''])
    expect(stderr).toMatch(/^kvasir: cannot open the decision log \S+: expected a file .* found EISDIR.*log\.decisions/)
    expect(stderr).toContain(folder.path)
  })

  it.runIf(existsSync('/dev/full'))('that cannot be written is said once, and requests go on', async () => {
    await using engine = await fakeEngine()
    await using router = await routerProcess([...PORTS, '--endpoint', engine.url, '--set', 'log.decisions=/dev/full'])
    const failures = () => router.log().filter(({ msg }) => msg.startsWith('the decision log cannot be written'))
    await post(router.gateway + CHAT, chatBody())
    await eventually('the failure', () => failures().length > 0)
    expect(failures()).toEqual([expect.objectContaining({ level: 50, file: '/dev/full' })])
    await post(router.gateway + CHAT, chatBody())
    expect((await post(router.gateway + CHAT, chatBody())).status).toBe(200)
    router.kill('SIGTERM')
    expect(await router.exited).toBe(0)
    expect(failures()).toHaveLength(1)
  })
})
