import { expect, it } from 'vitest'
import { z } from 'zod'
import { profileNamed } from '../src/engine/profiles.ts'
import { startEngineServer } from '../src/engine-server/start-engine-server.ts'
import { createRandom } from '../src/workload/random.ts'
import { endpointViews } from './testing/endpoint-views.ts'
import { eventually } from './testing/eventually.ts'
import { post } from './testing/post.ts'
import { runRouter } from './testing/router-fixture.ts'

const BLOCK = 16
/** Small, so that the engine evicts all the time. */
const profile = { ...profileNamed('qwen3-32b-tp2-h100'), kvTokens: 3200, blockSize: BLOCK }

const answerShape = z.object({
  usage: z.object({ prompt_tokens_details: z.object({ cached_tokens: z.int() }) }),
})

interface Comparison {
  readonly matched: number
  readonly cached: number
}

/** Prompts that share beginnings of many lengths, in an order that brings old ones back. */
function prompts(count: number): number[][] {
  const random = createRandom(7)
  const ids = (seed: number, length: number): number[] =>
    Array.from({ length }, (_, i) => (seed * 1009 + i * 7919) % 32_000)
  return Array.from({ length: count }, () => {
    const family = Math.floor(random() * 4)
    const member = Math.floor(random() * 5)
    return [...ids(family, 150), ...ids(100 + 5 * family + member, 100 + 36 * member), 5]
  })
}

/** For each prompt what the router believed to be cached, and what the engine then found cached. */
async function compare(kvEvents: boolean): Promise<Comparison[]> {
  await using engine = await startEngineServer({ speed: 500, profile, kvEvents: { form: 'vllm', replayPort: 0 } })
  const [source] = engine.kvEventSources
  const events = { address: source?.endpoint, replay: source?.replay_endpoint }
  await using router = await runRouter({
    endpoints: [{ url: engine.url, id: 'e', ...(kvEvents ? { kvEvents: events } : {}) }],
  })
  const seen: Comparison[] = []
  for (const prompt of prompts(120)) {
    const body = JSON.stringify({ model: 'simulated', prompt, max_tokens: 2, stream: false })
    const answer = await post(`${router.gateway}/v1/completions`, body)
    const matched = Number(answer.headers.get('x-kvasir-matched-tokens'))
    const { usage } = answerShape.parse(await answer.json())
    seen.push({ matched, cached: usage.prompt_tokens_details.cached_tokens })
    if (!kvEvents) continue
    await eventually('its events have come', async () => {
      const prefix = z.looseObject({ mode: z.string() }).parse((await endpointViews(router.admin))[0]?.['prefix'])
      return prefix.mode === 'exact'
    })
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  return seen
}

/** Tokens by which match and cache differ, of all prompts together. */
function error(seen: readonly Comparison[]): number {
  return seen.reduce((sum, { matched, cached }) => sum + Math.abs(matched - cached), 0)
}

it('what is matched is what the engine then finds cached, while it evicts', { timeout: 60_000 }, async () => {
  const exact = await compare(true)
  const predicted = await compare(false)
  const cached = exact.reduce((sum, one) => sum + one.cached, 0)
  console.log(`tokens matched wrongly, of ${cached} cached: ${error(exact)} by events, ${error(predicted)} predicted`)
  expect(cached).toBeGreaterThan(10_000)
  // What was sent a moment ago counts as held until its events come, even when it is evicted before.
  expect(exact.filter(({ matched, cached }) => matched !== cached).length).toBeLessThan(exact.length / 10)
  expect(error(exact)).toBeLessThan(error(predicted) / 5)
})
