import { describe, expect, onTestFinished, test } from 'vitest'
import { z } from 'zod'
import { runKvasir } from '../src/cli/testing/run-kvasir.ts'
import { startEngineServer } from '../src/engine-server/start-engine-server.ts'
import { findLlamaServer, llamaFleet } from './testing/llama-fleet.ts'
import { runRouter } from './testing/router-fixture.ts'

const found = findLlamaServer()
if ('missing' in found) console.warn(`SKIPPED: no real llama.cpp server for test/doctor.test.ts: ${found.missing}`)
const program = 'program' in found ? found.program : ''
const MODEL_FILE = '../shared/engines/llama-server/tiny.gguf'

const finding = z.strictObject({
  level: z.enum(['ok', 'note', 'problem']),
  code: z.string().regex(/^[a-z-]+\.[a-z-]+$/),
  text: z.string().min(1),
  advice: z.string().min(1).nullable(),
})

/** The shape that docs/doctor-json.md promises. */
const report = z.strictObject({
  format: z.literal('kvasir-doctor'),
  version: z.literal(1),
  kvasir: z.string(),
  ok: z.boolean(),
  counts: z.strictObject({ ok: z.int(), note: z.int(), problem: z.int() }),
  seconds: z.number(),
  endpoints: z.array(
    z.strictObject({
      url: z.url(),
      seconds: z.number(),
      facts: z.strictObject({
        engine: z.string().nullable(),
        version: z.string().nullable(),
        models: z.array(z.string()).nullable(),
        adapters: z.array(z.string()).nullable(),
        contextTokens: z.number().nullable(),
        blockSize: z.number().nullable(),
        kvCapacityTokens: z.number().nullable(),
        maxRunning: z.number().nullable(),
        ranks: z.number().nullable(),
        prefixCaching: z.boolean().nullable(),
        hashAlgorithm: z.string().nullable(),
        cachedTokensReported: z.boolean().nullable(),
        kvEvents: z.strictObject({ address: z.string(), replay: z.string().nullable() }).nullable(),
        kvEventsArrive: z.boolean().nullable(),
        firstBlockHash: z.string().nullable(),
        generatingRoute: z.enum(['chat', 'completions']).nullable(),
        promptTokens: z.number().nullable(),
        tokenFingerprint: z.string().nullable(),
        idleSeconds: z.number().nullable(),
        clockSkewSeconds: z.number().nullable(),
      }),
      findings: z.array(finding.extend({ check: z.string() })),
    }),
  ),
  comparison: z.array(finding),
})

async function engine(options: Parameters<typeof startEngineServer>[0] = {}): Promise<string> {
  const started = await startEngineServer({ model: 'sim', ...options })
  onTestFinished(() => started.close())
  return started.url
}

describe('kvasir doctor', () => {
  test('finds simulated engines well, and what differs between them', async () => {
    const urls = await Promise.all([engine(), engine({ maxModelLen: 4096 })])
    const { code, stdout, stderr } = await runKvasir(['doctor', ...urls, '--idle', '0'])
    expect(stderr).toBe('')
    expect(stdout).toMatch(/ok +engine +vLLM \S+ \(GET \/metrics has families vllm:/)
    expect(stdout).toMatch(/ok +prefix cache +of \S+ tokens sent again \S+ were cached/)
    expect(stdout).toMatch(/problem +together +sim: different context lengths: /)
    expect(stdout).toMatch(/context tokens +131,072 +4,096\n/)
    expect(stdout).toMatch(/2 endpoints in \S+ s: 1 problem, /)
    expect(code).toBe(1)
  })

  test('prints JSON of the documented shape, and ends with 0 when all is well', async () => {
    const url = await engine()
    const { code, stdout } = await runKvasir(['doctor', url, '--json', '--idle', '0'])
    const { ok, endpoints, counts } = report.parse(JSON.parse(stdout))
    expect({ code, ok, problems: counts.problem }).toEqual({ code: 0, ok: true, problems: 0 })
    expect(endpoints[0]?.facts).toMatchObject({ engine: 'vllm', models: ['sim'], blockSize: 16, prefixCaching: true })
  })

  test('tells a gateway from an engine', async () => {
    await using router = await runRouter({ endpoints: [await engine()] })
    const { stdout, code } = await runKvasir(['doctor', router.gateway, '--idle', '0', '--read-only'])
    expect(stdout).toMatch(
      /problem +this is a Kvasir gateway, not an engine\n +→ give the URLs of the engines behind it/,
    )
    expect(code).toBe(1)
  })

  test('refuses what is no URL with exit code 2', async () => {
    const { code, stderr, stdout } = await runKvasir(['doctor', 'localhost'])
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toBe(
      "kvasir: expected a URL such as http://10.0.0.7:8000, with http:// or https:// in front; found 'localhost'\n",
    )
    const missing = await runKvasir(['doctor', 'http://127.0.0.1:1', '--tokenizer', '/no/such/folder'])
    expect(missing.code).toBe(2)
    expect(missing.stderr).toContain('/no/such/folder')
    expect((await runKvasir(['doctor'])).code).toBe(2)
    expect((await runKvasir(['doctor', 'http://a:1', '--no-such-option'])).code).toBe(2)
  })
})

describe.skipIf(program === '')('kvasir doctor and a real llama.cpp server', () => {
  test('finds its version, slots, cache, tokens and idle time', { timeout: 60_000 }, async () => {
    await using fleet = await llamaFleet(program, 1)
    const { code, stdout } = await runKvasir(['doctor', ...fleet.urls, '--tokenizer', MODEL_FILE])
    console.log(stdout)
    expect(stdout).toMatch(/^http:\/\/127\.0\.0\.1:\d+ {2}llama\.cpp {2}b\d+\S* {2}tiny\n/)
    expect(stdout).toMatch(/ok +models +tiny; context 4,096 tokens\n/)
    expect(stdout).toMatch(/ok +load +GET \/slots and \/metrics: 0 waiting, 0 running/)
    expect(stdout).toMatch(/ok +KV cache +room for 16,384 tokens in 4 slots/)
    expect(stdout).toMatch(/ok +stream +first content after \d+ ms of \d+ ms, \d+ events/)
    // The last token of a prompt is always computed anew.
    const cached = /of (\S+) tokens sent again (\S+) were cached/.exec(stdout)
    expect(number(cached?.[1]) - number(cached?.[2])).toBe(1)
    expect(stdout).toMatch(/note +KV events +llama\.cpp publishes none/)
    expect(stdout).toMatch(/ok +tokens +19 of 19 prompts compared, all tokens are the engine's\n/)
    expect(stdout).toMatch(/ok +an idle one is closed after [45]\.\d s/)
    expect(stdout).toMatch(/1 endpoint in \S+ s: no problems, /)
    expect(code).toBe(0)
  })
})

function number(text: string | undefined): number {
  return Number(text?.replaceAll(',', ''))
}
