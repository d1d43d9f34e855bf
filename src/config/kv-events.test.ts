import { describe, expect, test } from 'vitest'
import { dataParallelRank } from './data-parallel-rank.ts'
import { loaded, problemsOf } from './testing/load-text.ts'

describe('kvEvents', () => {
  const endpoint = (events: string): string => `endpoints: [{ url: http://a:1, kvEvents: { ${events} } }]`

  test('has defaults for all but the address', () => {
    const { config } = loaded(endpoint('address: tcp://*:5557'))
    expect(config.endpoints[0]?.kvEvents).toEqual({
      address: 'tcp://*:5557',
      bind: false,
      topic: '',
      encoding: 'auto',
      silentAfter: 30,
    })
  })

  test('says what is wrong', () => {
    expect(problemsOf(endpoint('address: a:5557, encoding: vlm'))).toEqual([
      '1:53 endpoints[0].kvEvents.address: expected an address such as tcp://*:5557, or pull, found "a:5557"',
      '1:71 endpoints[0].kvEvents.encoding: expected one of auto, vllm, sglang, tensorrt-llm, found "vlm" (did you mean vllm?)',
    ])
    expect(problemsOf(endpoint('replay: tcp://a:1'))).toEqual([
      '1:32 endpoints[0].kvEvents.address: missing: expected an address such as tcp://*:5557, or pull',
    ])
  })

  test('may be fetched, from several engines', () => {
    const two = ['a', 'b'].map((host) => `  - { url: http://${host}:1, kvEvents: { address: pull } }`)
    const { config } = loaded(`endpoints:\n${two.join('\n')}\n`)
    expect(config.endpoints.map(({ kvEvents }) => kvEvents?.address)).toEqual(['pull', 'pull'])
  })

  test('that are fetched have nothing to do with sockets, other engines and ranks told apart', () => {
    expect(problemsOf(endpoint("address: pull, replay: 'tcp://*:1', topic: a, encoding: vllm"))).toEqual([
      expect.stringMatching(/kvEvents.replay: expected nothing beside address: pull, found replay/),
      expect.stringMatching(/kvEvents.topic: expected nothing beside address: pull, found topic/),
      expect.stringMatching(/kvEvents.encoding: expected auto or tensorrt-llm beside address: pull/),
    ])
    const other = 'endpoints: [{ url: http://a:1, engine: vllm, kvEvents: { address: pull } }]'
    expect(problemsOf(other)).toEqual([expect.stringMatching(/kvEvents.address: .* only TensorRT-LLM does/)])
    const ranks = 'endpoints: [{ url: http://a:1, ranks: 2, kvEvents: { address: pull } }]'
    expect(problemsOf(ranks)).toEqual([expect.stringMatching(/each event can be fetched once/)])
  })

  test('may be set by a flag', () => {
    const { config } = loaded('endpoints: [{ url: http://a:1 }]', {
      flags: { set: ['endpoints[0].kvEvents.address=tcp://*:1', 'endpoints[0].kvEvents.rank=2'] },
    })
    expect(config.endpoints[0]?.kvEvents).toMatchObject({ address: 'tcp://*:1', rank: 2 })
  })
})

describe('ranks behind one address', () => {
  const ranks = (first: string, second: string): string =>
    `endpoints:\n  - { url: http://a:1, id: x, headers: { ${first} } }\n  - { url: http://a:1, id: y, headers: { ${second} } }\n`

  test('are endpoints when their headers ask for different ones', () => {
    const { config } = loaded(ranks('X-Data-Parallel-Rank: "0"', 'X-Data-Parallel-Rank: "1"'))
    expect(config.endpoints.map(({ headers }) => dataParallelRank(headers))).toEqual([0, 1])
  })

  test('are one endpoint twice otherwise', () => {
    const twice = [expect.stringContaining('http://a:1 is the URL of endpoints[0] already')]
    expect(problemsOf(ranks('x-data-parallel-rank: "1"', 'x-data-parallel-rank: "1"'))).toEqual(twice)
    expect(problemsOf(ranks('a: b', 'a: c'))).toEqual(twice)
  })
})
