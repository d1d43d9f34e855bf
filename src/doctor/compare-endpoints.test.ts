import { describe, expect, test } from 'vitest'
import { compareEndpoints } from './compare-endpoints.ts'
import type { EndpointFacts } from './endpoint-facts.ts'

const SAME: EndpointFacts = {
  engine: 'vllm',
  version: '0.31.0',
  models: ['m'],
  adapters: [],
  contextTokens: 8192,
  blockSize: 16,
  kvCapacityTokens: 16_000,
  prefixCaching: true,
  promptTokens: 21,
  tokenFingerprint: 'aa',
  firstBlockHash: '1',
}

function compare(...facts: readonly EndpointFacts[]) {
  return compareEndpoints(facts.map((each, i) => ({ url: `http://e${i}:8000`, facts: each, checks: [], seconds: 1 })))
}

describe('endpoints of one model', () => {
  test('that are alike have nothing between them', () => {
    expect(compare(SAME, SAME, SAME)).toEqual([])
  })

  test('what is unknown of one differs from nothing', () => {
    expect(compare(SAME, { models: ['m'] })).toEqual([])
  })

  const differences: readonly [EndpointFacts, string, 'note' | 'problem'][] = [
    [{ contextTokens: 4096 }, 'compare.context', 'problem'],
    [{ prefixCaching: false }, 'compare.prefix-caching', 'problem'],
    [{ promptTokens: 25 }, 'compare.tokens', 'problem'],
    [{ tokenFingerprint: 'bb', firstBlockHash: '2' }, 'compare.tokens', 'problem'],
    [{ version: '0.30.0' }, 'compare.version', 'note'],
    [{ blockSize: 32, firstBlockHash: '2' }, 'compare.block-size', 'note'],
    [{ kvCapacityTokens: 8000 }, 'compare.capacity', 'note'],
    [{ firstBlockHash: '2' }, 'compare.hash', 'note'],
    [{ adapters: ['sql'] }, 'compare.adapters', 'note'],
  ]
  test.each(differences)('%o is told once, as %s', (other, code, level) => {
    expect(compare(SAME, { ...SAME, ...other })).toMatchObject([{ code, level, text: expect.stringContaining('m: ') }])
  })

  test('who has which value is said', () => {
    const [finding] = compare(SAME, SAME, { ...SAME, contextTokens: 4096 })
    expect(finding?.text).toBe('m: different context lengths: 8,192 (e0:8000, e1:8000), 4,096 (e2:8000)')
  })
})

test('endpoints of different models are pools of their own', () => {
  expect(compare(SAME, { ...SAME, models: ['n'], contextTokens: 1 })).toMatchObject([
    { code: 'compare.models', level: 'note' },
  ])
})
