import { describe, expect, it } from 'vitest'
import { fixture, readRoute } from '../testing/fixture.ts'
import { overlay } from './engine-reading.ts'
import { sglang } from './sglang.ts'

const LOADS = '/v1/loads?include=core'
const page = fixture('sglang-two-ranks.txt')

describe('a page of SGLang', () => {
  it('counts each data-parallel rank once, however many tensor-parallel ranks tell of it', () => {
    expect(readRoute(sglang, '/metrics', page)).toMatchObject({
      waiting: 3,
      running: 20,
      kvUsage: 0.4,
      kvCapacityTokens: 200_000,
      blockSize: 1,
      promptTokens: 480_000,
      generatedTokens: 52_000,
      preemptions: 6,
      perRank: [
        { rank: 0, waiting: 3, running: 12, kvUsage: 0.6, kvCapacityTokens: 100_000 },
        { rank: 1, waiting: 0, running: 8, kvUsage: 0.2, kvCapacityTokens: 100_000 },
      ],
    })
  })

  it('has counters of all ranks together, which no single rank is given', () => {
    expect(readRoute(sglang, '/metrics', page)).toMatchObject({
      prefixCacheHitTokens: 240_000,
      prefixCacheQueriedTokens: 480_000,
      perRank: [{ prefixCacheQueriedTokens: undefined }, { prefixCacheQueriedTokens: undefined }],
    })
  })

  it('says the same with an underscore for the colon', () => {
    expect(readRoute(sglang, '/metrics', page.replaceAll('sglang:', 'sglang_'))).toEqual(
      readRoute(sglang, '/metrics', page),
    )
  })

  it('counts cached tokens by their sources where it does not tell the sum', () => {
    const counters =
      'sglang:cached_tokens_total{cache_source="device"} 5\nsglang:cached_tokens_total{cache_source="host"} 2\nsglang:prompt_tokens_total 10\n'
    expect(readRoute(sglang, '/metrics', counters)).toMatchObject({
      prefixCacheHitTokens: 7,
      prefixCacheQueriedTokens: 10,
    })
    expect(readRoute(sglang, '/metrics', 'sglang:cached_tokens_total 4\nsglang:prompt_tokens_total 9\n')).toMatchObject(
      {
        prefixCacheHitTokens: 4,
        perRank: [{ rank: 0, prefixCacheHitTokens: 4, prefixCacheQueriedTokens: 9 }],
      },
    )
  })

  it('counts requests once where priorities are told beside their sum', () => {
    const lines = ['', '0', '-1'].map(
      (priority, i) => `sglang:num_running_reqs{priority="${priority}"} ${[14, 9, 5][i]}\n`,
    )
    expect(readRoute(sglang, '/metrics', lines.join(''))).toMatchObject({ running: 14 })
  })
})

describe('the loads of SGLang', () => {
  const loads = readRoute(sglang, LOADS, fixture('sglang-loads.json'))

  it('are those of its ranks, and the prompt tokens that wait', () => {
    expect(loads).toMatchObject({
      version: '0.5.19',
      waiting: 3,
      running: 20,
      kvUsage: 0.4,
      kvCapacityTokens: 200_000,
      waitingTokens: 8192,
      maxRunning: 96,
      perRank: [
        { rank: 0, running: 12, waitingTokens: 8192 },
        { rank: 1, running: 8, waitingTokens: 0 },
      ],
    })
  })

  it('leave the counters to the page', () => {
    const together = overlay(readRoute(sglang, '/metrics', page), loads)
    expect(together).toMatchObject({ prefixCacheHitTokens: 240_000, waitingTokens: 8192, blockSize: 1 })
  })

  it('without a field leave it unknown', () => {
    expect(readRoute(sglang, LOADS, '{"loads":[{"num_running_reqs":1,"token_usage":"much"}]}')).toMatchObject({
      running: 1,
      waiting: undefined,
      kvUsage: undefined,
      version: undefined,
    })
  })
})
