import { describe, expect, it } from 'vitest'
import { fixture, readRoute } from '../testing/fixture.ts'
import { ENGINE_TABLES, engineTable } from './engine-tables.ts'
import { llamaCpp } from './llama-cpp.ts'
import { lmdeploy } from './lmdeploy.ts'
import { ollama } from './ollama.ts'
import { tensorrtLlm } from './tensorrt-llm.ts'
import { tgi } from './tgi.ts'

describe('llama.cpp', () => {
  it('counts cached prompt tokens apart from the others', () => {
    expect(readRoute(llamaCpp, '/metrics', fixture('llama-cpp.txt'))).toMatchObject({
      waiting: 1,
      running: 2,
      kvUsage: undefined,
      prefixCacheHitTokens: 150,
      prefixCacheQueriedTokens: 200,
      promptTokens: 200,
      generatedTokens: 4,
      perRank: [{ rank: 0, prefixCacheQueriedTokens: 200 }],
    })
    const older = 'llamacpp:prompt_tokens_total 50\nllamacpp:requests_processing 0\n'
    expect(readRoute(llamaCpp, '/metrics', older)).toMatchObject({
      running: 0,
      prefixCacheHitTokens: undefined,
      prefixCacheQueriedTokens: undefined,
    })
  })

  it('holds what its busy slots hold', () => {
    const slots = [
      { id: 0, n_ctx: 4096, is_processing: true, n_prompt_tokens: 1024 },
      { id: 1, n_ctx: 4096, is_processing: false, n_prompt_tokens: 3000 },
      { id: 2, n_ctx: 4096, is_processing: true, n_prompt_tokens: 512 },
      { id: 3, n_ctx: 4096, is_processing: false },
    ]
    expect(readRoute(llamaCpp, '/slots', JSON.stringify(slots))).toMatchObject({
      running: 2,
      maxRunning: 4,
      kvCapacityTokens: 16_384,
      kvUsage: 1536 / 16_384,
    })
    expect(readRoute(llamaCpp, '/slots', '[{"id":0}]')).toMatchObject({ running: undefined, kvUsage: undefined })
  })

  it('tells at /props whether it sleeps', () => {
    const props = { total_slots: 4, build_info: 'b11669', is_sleeping: true }
    expect(readRoute(llamaCpp, '/props', JSON.stringify(props))).toEqual({
      maxRunning: 4,
      version: 'b11669',
      asleep: true,
    })
  })
})

describe('TensorRT-LLM', () => {
  it('has a page for Prometheus', () => {
    expect(readRoute(tensorrtLlm, '/prometheus/metrics', fixture('tensorrt-llm.txt'))).toMatchObject({
      waiting: 4,
      running: 9,
      kvUsage: 0.375,
      kvCapacityTokens: 256_000,
      blockSize: 32,
      maxRunning: 2048,
      prefixCacheHitTokens: 30_000,
      prefixCacheQueriedTokens: 90_000,
    })
  })

  it('has statistics of iterations, of which the last of each rank counts', () => {
    const text = fixture('tensorrt-llm.json')
    expect(readRoute(tensorrtLlm, '/metrics', text)).toMatchObject({
      waiting: 2,
      running: 6,
      kvUsage: 0.3,
      kvCapacityTokens: 32_000,
      blockSize: 32,
      maxRunning: 256,
      prefixCacheHitTokens: 800,
      prefixCacheQueriedTokens: 3200,
    })
    const ranks = [
      { attentionDpRank: 1, numActiveRequests: 5, numQueuedRequests: 0 },
      { attentionDpRank: 0, numActiveRequests: 2, numQueuedRequests: 1, kvCacheStats: null },
    ]
    expect(readRoute(tensorrtLlm, '/metrics', JSON.stringify(ranks))).toMatchObject({
      running: 7,
      waiting: 1,
      kvUsage: undefined,
      perRank: [
        { rank: 0, running: 2 },
        { rank: 1, running: 5 },
      ],
    })
  })

  it('without an iteration since the last time tells nothing new', () => {
    expect(tensorrtLlm.routes[0]?.read('[]')).toEqual({ unchanged: true })
  })
})

describe('the others', () => {
  it('TGI has a queue, a batch and its limits', () => {
    expect(readRoute(tgi, '/metrics', fixture('tgi.txt'))).toMatchObject({ waiting: 2, running: 6, kvUsage: undefined })
    const info = { model_id: 'org/model', version: '3.3.7', max_total_tokens: 8192, max_batch_total_tokens: 65_536 }
    expect(readRoute(tgi, '/info', JSON.stringify(info))).toEqual({
      modelIds: ['org/model'],
      version: '3.3.7',
      maxModelLen: 8192,
      kvCapacityTokens: 65_536,
    })
  })

  it('LMDeploy has ranks, and blocks at a route of its own', () => {
    expect(readRoute(lmdeploy, '/metrics', fixture('lmdeploy.txt'))).toMatchObject({
      waiting: 2,
      running: 6,
      kvUsage: 0.4,
      prefixCacheHitTokens: 1600,
      prefixCacheQueriedTokens: 8000,
      perRank: [
        { rank: 0, kvUsage: 0.5 },
        { rank: 1, kvUsage: 0.3 },
      ],
    })
    const info = { tp_size: 1, dp_size: 2, block_size: 64, num_gpu_blocks: 1000 }
    const expected = { blockSize: 64, kvCapacityTokens: 128_000 }
    expect(readRoute(lmdeploy, '/distserve/engine_info', JSON.stringify(info))).toEqual(expected)
    expect(readRoute(lmdeploy, '/distserve/engine_info', JSON.stringify(JSON.stringify(info)))).toEqual(expected)
  })

  it('Ollama has models in memory', () => {
    const running = { models: [{ name: 'gemma3:4b', context_length: 8192, size_vram: 5_000_000_000 }] }
    expect(readRoute(ollama, '/api/ps', JSON.stringify(running))).toEqual({
      loadedModels: ['gemma3:4b'],
      maxModelLen: 8192,
    })
    expect(readRoute(ollama, '/api/ps', '{"models":[]}')).toEqual({ loadedModels: [], maxModelLen: undefined })
  })

  it('a plain server has nothing to read', () => {
    expect(engineTable('openai').routes).toEqual([])
  })
})

describe('every table', () => {
  const routes = ENGINE_TABLES.flatMap((table) =>
    table.routes.map((route) => ({ name: `${table.title} ${route.path}`, route, table })),
  )

  it.each(routes)('$name never throws and never invents a number', ({ route }) => {
    for (const text of [
      '',
      '{}',
      '[]',
      '[{}]',
      'null',
      '{"data":[]}',
      '<html></html>',
      'x 1\n',
      '\0',
      '{"loads":[{}]}',
      '{"models":null}',
    ]) {
      const result = route.read(text)
      if (!('reading' in result)) continue
      const numbers = Object.entries(result.reading).filter(([, value]) => typeof value === 'number')
      expect(numbers.filter(([field]) => field !== 'maxRunning')).toEqual([])
    }
  })

  it.each(routes.filter(({ route }) => route.spare !== undefined))(
    '$name stands in for a route that exists',
    ({ route, table }) => {
      expect(table.routes.map(({ path }) => path)).toContain(route.spare?.path)
    },
  )
})
