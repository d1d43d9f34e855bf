import { describe, expect, it } from 'vitest'
import { fixture, readRoute } from '../testing/fixture.ts'
import { vllm } from './vllm.ts'

const read = (text: string) => readRoute(vllm, '/metrics', text)

describe('a page of vLLM', () => {
  it('is summed over the data-parallel ranks, which are kept', () => {
    expect(read(fixture('vllm-two-ranks.txt'))).toMatchObject({
      waiting: 2,
      running: 10,
      kvUsage: 0.25,
      kvCapacityTokens: 2 * 27_000 * 16,
      blockSize: 16,
      prefixCacheHitTokens: 76_800,
      prefixCacheQueriedTokens: 153_600,
      preemptions: 5,
      promptTokens: 153_600,
      generatedTokens: 30_720,
      asleep: false,
      perRank: [
        { rank: 0, waiting: 2, running: 7, kvUsage: 0.4, kvCapacityTokens: 432_000, prefixCacheHitTokens: 64_000 },
        { rank: 1, waiting: 0, running: 3, kvUsage: 0.1, kvCapacityTokens: 432_000, prefixCacheHitTokens: 12_800 },
      ],
    })
  })

  it('has its adapters in the series that was written last', () => {
    expect(read(fixture('vllm-two-ranks.txt'))).toMatchObject({
      loraLoaded: ['sql-writer', 'tone'],
      loraWaiting: ['legal'],
      loraMax: 4,
    })
    expect(
      read('vllm:lora_requests_info{max_lora="1",running_lora_adapters="",waiting_lora_adapters=""} 5\n'),
    ).toMatchObject({ loraLoaded: [], loraWaiting: [], loraMax: 1 })
  })

  it('of a release before 0.9 has other names, no ranks, and counters without their ending', () => {
    expect(read(fixture('vllm-older.txt'))).toMatchObject({
      waiting: 1,
      running: 5,
      kvUsage: 0.25,
      prefixCacheHitTokens: 4500,
      prefixCacheQueriedTokens: 9000,
      blockSize: 16,
      kvCapacityTokens: undefined,
      perRank: [{ rank: 0, waiting: 1, running: 5 }],
    })
    expect(read('vllm:prefix_cache_hits 3\nvllm:prefix_cache_queries 4\n')).toMatchObject({
      prefixCacheHitTokens: 3,
      prefixCacheQueriedTokens: 4,
    })
  })

  it('with old and new names at once is read by the new ones', () => {
    expect(read('vllm:gpu_cache_usage_perc{engine="0"} 0.9\nvllm:kv_cache_usage_perc{engine="0"} 0.3\n')).toMatchObject(
      {
        kvUsage: 0.3,
      },
    )
  })

  it('without a family leaves its field unknown, and so does a rank that does not tell', () => {
    expect(read('vllm:num_requests_running{engine="0"} 0\n')).toMatchObject({
      running: 0,
      waiting: undefined,
      kvUsage: undefined,
      kvCapacityTokens: undefined,
      loraLoaded: undefined,
      asleep: undefined,
    })
    const page =
      'vllm:num_requests_running{engine="0"} 4\nvllm:num_requests_running{engine="1"} 5\nvllm:num_requests_waiting{engine="1"} 2\n'
    expect(read(page)).toMatchObject({
      running: 9,
      waiting: undefined,
      perRank: [
        { rank: 0, waiting: undefined },
        { rank: 1, waiting: 2 },
      ],
    })
  })

  it('has impossible values for unknown', () => {
    const page =
      'vllm:num_requests_running NaN\nvllm:num_requests_waiting -1\nvllm:kv_cache_usage_perc 37\nvllm:num_preemptions_total +Inf\n'
    expect(read(page)).toMatchObject({
      running: undefined,
      waiting: undefined,
      kvUsage: undefined,
      preemptions: undefined,
    })
  })

  it('may say itself how many tokens fit, and of a single rank of many, which it is', () => {
    const page =
      'vllm:num_requests_running{engine="3"} 1\nvllm:cache_config_info{block_size="16",engine="3",kv_cache_size_tokens="1000000",num_gpu_blocks="1000"} 1\n'
    expect(read(page)).toMatchObject({
      kvCapacityTokens: 1_000_000,
      perRank: [{ rank: 3, kvCapacityTokens: 1_000_000 }],
    })
  })

  it('tells when all ranks sleep', () => {
    const page =
      'vllm:engine_sleep_state{engine="0",sleep_state="awake"} 0\nvllm:engine_sleep_state{engine="0",sleep_state="discard_all"} 1\n'
    expect(read(page)).toMatchObject({ asleep: true })
    expect(read(`${page}vllm:engine_sleep_state{engine="1",sleep_state="awake"} 1\n`)).toMatchObject({ asleep: false })
  })

  it('that is something else is a problem with a name', () => {
    const route = vllm.routes[0]
    expect(route?.read('<html>x</html>')).toEqual({ problem: 'not-metrics', found: 'HTML: <html>x</html>' })
    expect(route?.read('')).toEqual({ problem: 'not-metrics', found: 'an empty body' })
    expect(route?.read('python_info{version="3.12"} 1\n')).toMatchObject({ problem: 'no-families' })
  })
})

describe('the list of models of vLLM', () => {
  it('has adapters beside the model, and the length of its context', () => {
    const list = {
      object: 'list',
      data: [
        { id: 'base', owned_by: 'vllm', max_model_len: 32_768 },
        { id: 'tone', parent: 'base' },
      ],
    }
    expect(readRoute(vllm, '/v1/models', JSON.stringify(list))).toEqual({
      modelIds: ['base', 'tone'],
      maxModelLen: 32_768,
    })
    expect(readRoute(vllm, '/version', '{"version":"0.30.0"}')).toEqual({ version: '0.30.0' })
  })

  it('that is none is a problem', () => {
    const route = vllm.routes.find(({ path }) => path === '/v1/models')
    expect(route?.read('{"data": 3}')).toMatchObject({ problem: 'not-metrics', found: expect.stringContaining('data') })
    expect(route?.read('<html>')).toMatchObject({ problem: 'not-metrics' })
  })
})
