import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import type { EngineOptions } from './engine-options.ts'
import type { RunningEngine } from './start-engine-server.ts'
import { startEngineServer } from './start-engine-server.ts'
import { getJson, post } from './testing/client.ts'

const usage = z.object({ usage: z.object({ prompt_tokens_details: z.object({ cached_tokens: z.int() }).nullable() }) })

/** What is told of the same prompt twice. */
async function twice(engine: RunningEngine, path = '/v1/completions'): Promise<(number | null)[]> {
  const told: (number | null)[] = []
  const prompt = 'word'.repeat(40)
  const body = { prompt, input: prompt, messages: [{ role: 'user', content: prompt }], max_tokens: 1 }
  for (let time = 0; time < 2; time++) {
    const answer = usage.parse(await (await post(engine, path, body)).json())
    told.push(answer.usage.prompt_tokens_details?.cached_tokens ?? null)
  }
  return told
}

const page = async (engine: RunningEngine): Promise<string> => await (await fetch(`${engine.url}/metrics`)).text()

describe('without prefix caching', () => {
  const off = (more: Partial<EngineOptions>): Promise<RunningEngine> =>
    startEngineServer({ speed: 100, prefixCaching: false, ...more })

  test('vLLM finds nothing, says so, and publishes nothing', async () => {
    await using engine = await off({ kvEvents: { form: 'vllm', replayPort: 0 } })
    await using cached = await startEngineServer({ speed: 100 })
    const answer = { prompt: 'word'.repeat(40), max_tokens: 20 }
    const texts = await Promise.all(
      [engine, cached].map(async (each) => (await post(each, '/v1/completions', answer)).json()),
    )
    const choices = z.object({ choices: z.array(z.unknown()) })
    expect(choices.parse(texts[0])).toEqual(choices.parse(texts[1]))
    expect(await twice(engine)).toEqual([0, 0])
    const text = await page(engine)
    expect(text).toContain('enable_prefix_caching="False"')
    expect(text).toMatch(/prefix_cache_queries_total\{[^}]*\} 0\n/)
    expect(text).toMatch(/prefix_cache_hits_total\{[^}]*\} 0\n/)
    expect((await post(engine, '/reset_prefix_cache')).status).toBe(200)
    expect(engine.kvEventSources).toHaveLength(1)
    expect(engine.cachedHashes()).toBeUndefined()
    expect(await page(cached)).toContain('enable_prefix_caching="True"')
  })

  test('SGLang and TensorRT-LLM find nothing, and say so', async () => {
    await using sglang = await off({ flavor: 'sglang' })
    expect(await twice(sglang)).toEqual([0, 0])
    expect(await getJson(sglang, '/server_info')).toMatchObject({ disable_radix_cache: true })
    expect(await page(sglang)).toMatch(/cached_tokens_total\{cache_source="total",[^}]*\} 0\n/)
    await using tensorrt = await off({ flavor: 'tensorrt-llm' })
    expect(await twice(tensorrt)).toEqual([0, 0])
    const stats = z.array(z.object({ kvCacheStats: z.looseObject({ reusedBlocks: z.int() }) }))
    expect(stats.parse(await getJson(tensorrt, '/metrics'))[0]?.kvCacheStats.reusedBlocks).toBe(0)
  })
})

describe('cached tokens in answers', () => {
  test.each([
    ['always', [0, 32]],
    ['found', [null, 32]],
    ['never', [null, null]],
  ] as const)('%s', async (reportCachedTokens, expected) => {
    await using engine = await startEngineServer({ speed: 100, reportCachedTokens })
    expect(await twice(engine)).toEqual(expected)
    await using other = await startEngineServer({ speed: 100, reportCachedTokens })
    const [first, second] = await twice(other, '/v1/chat/completions')
    expect([first, (second ?? 0) > 0]).toEqual([expected[0], expected[1] !== null])
    expect(await twice(other, '/v1/embeddings')).toEqual(expected)
  })
})
