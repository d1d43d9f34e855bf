import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseLoadHeader } from './load-header.ts'

describe('the load header', () => {
  it.each([
    [
      'JSON {"named_metrics": {"kv_cache_usage_perc": 0.42, "num_requests_waiting": 5.0}}',
      { kvUsage: 0.42, waiting: 5 },
    ],
    [
      'TEXT named_metrics.kv_cache_usage_perc=0.42, named_metrics.num_requests_waiting=5.0',
      { kvUsage: 0.42, waiting: 5 },
    ],
    [
      'TEXT cpu_utilization=0.3,named_metrics.kv_cache_utilization=0.4,named_metrics.max_token_capacity=1024',
      { kvUsage: 0.4 },
    ],
    ['json {"named_metrics":{"vllm:num_requests_running":3},"cpu_utilization":0.1}', { running: 3 }],
  ])('%s', (header, expected) => {
    expect(parseLoadHeader(header)).toMatchObject(expected)
  })

  it.each([
    undefined,
    '',
    'BIN CZqZmZmZmbk/MQAAAAAAAABA',
    'JSON {',
    'JSON []',
    'JSON {"kv_cache_usage_perc":0.4}',
    'JSON {"named_metrics":{"kv_cache_usage_perc":NaN}}',
    'TEXT',
    'TEXT hello',
    'JSON {"named_metrics":{"num_requests_waiting":"5"}}',
    'TEXT named_metrics.num_requests_waiting=',
    'TEXT named_metrics.num_requests_waiting=-1, named_metrics.kv_cache_usage_perc=1.5',
    `TEXT named_metrics.num_requests_waiting=1${' '.repeat(10_000)}`,
  ])('%s is no report', (header) => {
    expect(parseLoadHeader(header)).toBeUndefined()
  })

  it.each([
    'JSON {"named_metrics":{}}',
    'JSON {"named_metrics":{"lora_slots":3}}',
    'TEXT num_requests_waiting=4',
    'TEXT cpu_utilization=0.3',
  ])('%s tells no load that is known', (header) => {
    expect(parseLoadHeader(header)).toEqual({ waiting: undefined, running: undefined, kvUsage: undefined })
  })

  it('tells what is right beside what is not', () => {
    expect(parseLoadHeader('JSON {"named_metrics":{"kv_cache_usage_perc":7,"num_requests_waiting":1}}')).toEqual({
      waiting: 1,
      running: undefined,
      kvUsage: undefined,
    })
  })

  it('is never an error', () => {
    fc.assert(
      fc.property(fc.constantFrom('JSON ', 'TEXT ', ''), fc.oneof(fc.string(), fc.json()), (format, rest) => {
        expect(() => parseLoadHeader(format + rest)).not.toThrow()
      }),
    )
  })
})
