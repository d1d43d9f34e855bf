import { expect, it } from 'vitest'
import { z } from 'zod'
import { profileNamed } from '../src/engine/profiles.ts'
import { type RunningEngine, startEngineServer } from '../src/engine-server/start-engine-server.ts'
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

/** How the router learns what is cached: from events that are published, from events it fetches, or not at all. */
type Source = 'published' | 'pulled' | 'none'

/** Milliseconds for an event to come: at once, or with the next request for events. */
const ON_ITS_WAY: Readonly<Record<Source, number>> = { published: 20, pulled: 320, none: 0 }

function engineFor(source: Source): Promise<RunningEngine> {
  if (source !== 'pulled') return startEngineServer({ speed: 500, profile, kvEvents: { form: 'vllm', replayPort: 0 } })
  return startEngineServer({ speed: 500, profile, flavor: 'tensorrt-llm', kvEvents: { form: 'tensorrt-llm' } })
}

function eventsOf(source: Source, { kvEventSources: [published] }: RunningEngine): object {
  if (source === 'none') return {}
  if (source === 'pulled') return { kvEvents: { address: 'pull' } }
  return { kvEvents: { address: published?.endpoint, replay: published?.replay_endpoint } }
}

async function prefixOf(admin: string) {
  const prefix = z.looseObject({ mode: z.string(), reason: z.string(), connected: z.boolean(), events: z.unknown() })
  return prefix.parse((await endpointViews(admin))[0]?.['prefix'])
}

/** For each prompt what the router believed to be cached, and what the engine then found cached. */
async function compare(source: Source, count: number): Promise<Comparison[]> {
  await using engine = await engineFor(source)
  await using router = await runRouter({ endpoints: [{ url: engine.url, id: 'e', ...eventsOf(source, engine) }] })
  const seen: Comparison[] = []
  for (const prompt of prompts(count)) {
    const body = JSON.stringify({ model: 'simulated', prompt, max_tokens: 2, stream: false })
    const answer = await post(`${router.gateway}/v1/completions`, body)
    const matched = Number(answer.headers.get('x-kvasir-matched-tokens'))
    const { usage } = answerShape.parse(await answer.json())
    seen.push({ matched, cached: usage.prompt_tokens_details.cached_tokens })
    if (source === 'none') continue
    await eventually('its events have come', async () => (await prefixOf(router.admin)).mode === 'exact')
    await new Promise((resolve) => setTimeout(resolve, ON_ITS_WAY[source]))
  }
  return seen
}

/** Tokens by which match and cache differ, of all prompts together. */
function error(seen: readonly Comparison[]): number {
  return seen.reduce((sum, { matched, cached }) => sum + Math.abs(matched - cached), 0)
}

it('what is matched is what the engine then finds cached, while it evicts', { timeout: 60_000 }, async () => {
  const exact = await compare('published', 120)
  const predicted = await compare('none', 120)
  const cached = exact.reduce((sum, one) => sum + one.cached, 0)
  console.log(`tokens matched wrongly, of ${cached} cached: ${error(exact)} by events, ${error(predicted)} predicted`)
  expect(cached).toBeGreaterThan(10_000)
  // What was sent a moment ago counts as held until its events come, even when it is evicted before.
  expect(exact.filter(({ matched, cached }) => matched !== cached).length).toBeLessThan(exact.length / 10)
  expect(error(exact)).toBeLessThan(error(predicted) / 5)
})

it('so it is with events that TensorRT-LLM hands out, through a gap and a restart', { timeout: 60_000 }, async () => {
  const exact = await compare('pulled', 30)
  expect(exact.reduce((sum, one) => sum + one.cached, 0)).toBeGreaterThan(1000)
  expect(exact.filter(({ matched, cached }) => matched !== cached).length).toBeLessThan(exact.length / 10)

  await using engine = await engineFor('pulled')
  await using router = await runRouter({ endpoints: [{ url: engine.url, id: 'e', ...eventsOf('pulled', engine) }] })
  const ask = async (prompt: readonly number[]): Promise<void> => {
    const body = JSON.stringify({ model: 'simulated', prompt, max_tokens: 2 })
    await (await post(`${router.gateway}/v1/completions`, body)).text()
  }
  const becomes = (reason: string) =>
    eventually(`it is ${reason}`, async () => (await prefixOf(router.admin)).reason === reason)
  const [first = [], second = [], third = []] = prompts(3)
  await ask(first)
  await becomes('complete')
  expect(await prefixOf(router.admin)).toMatchObject({ connected: true, events: { losses: 0, restarts: 0 } })
  await post(`${engine.url}/faults/now`, JSON.stringify({ incident: 'event-gap' }))
  await ask(second)
  await ask(third)
  await becomes('incomplete')
  expect(router.log).toContainEqual(
    expect.objectContaining({ level: 40, kind: 'gap', problem: expect.stringMatching(/nothing else fetches them/) }),
  )
  await post(`${engine.url}/faults/now`, JSON.stringify({ incident: 'engine-restart' }))
  await becomes('complete')
  expect(await prefixOf(router.admin)).toMatchObject({ events: { losses: 1, restarts: 1 } })
})
