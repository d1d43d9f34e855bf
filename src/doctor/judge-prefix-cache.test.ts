import { describe, expect, test } from 'vitest'
import { judgePrefixCache, type PromptPair, type SentPrompt } from './judge-prefix-cache.ts'

function pair(first: Partial<SentPrompt>, again: Partial<SentPrompt>): PromptPair {
  const sent = { promptTokens: 1000, cachedTokens: undefined, firstMs: 100 }
  return { first: { ...sent, ...first }, again: { ...sent, ...again } }
}

function codes(...args: Parameters<typeof judgePrefixCache>): string[] {
  return judgePrefixCache(...args).findings.map(({ level, code }) => `${level} ${code}`)
}

describe('prefix caching is on', () => {
  test('by the word of the engine', () => {
    const on = ['ok prefix-cache.on', 'ok prefix-cache.reported']
    expect(codes({}, [pair({ cachedTokens: 0 }, { cachedTokens: 992 })], undefined)).toEqual(on)
    expect(codes({}, [pair({ cachedTokens: null }, { cachedTokens: 992 })], undefined)).toEqual(on)
  })

  test('by its counters, though answers do not report it', () => {
    const result = judgePrefixCache({ engine: 'sglang' }, [pair({}, {})], { hits: 992, queried: 2000 })
    expect(result.facts).toMatchObject({ prefixCaching: true, cachedTokensReported: false })
    expect(result.findings[1]).toMatchObject({ level: 'problem', advice: 'start it with --enable-cache-report' })
  })

  test('by time alone only when every repetition was clearly faster', () => {
    const faster = pair({ firstMs: 200 }, { firstMs: 20 })
    const engine = { engine: 'tgi' } as const
    expect(codes(engine, [faster, faster], undefined)).toEqual(['ok prefix-cache.on', 'note prefix-cache.unreported'])
    const same = pair({ firstMs: 200 }, { firstMs: 199 })
    expect(codes(engine, [faster, same], undefined)[0]).toBe('note prefix-cache.unknown')
    expect(codes(engine, [same, same], undefined)).toEqual(['problem prefix-cache.off'])
    const quick = pair({ firstMs: 20 }, { firstMs: 19 })
    expect(codes(engine, [quick, quick], undefined)[0]).toBe('note prefix-cache.unknown')
    // Configured off, it is: there is no report to ask for.
    expect(codes({ ...engine, prefixCaching: false }, [quick, quick], undefined)).toEqual(['problem prefix-cache.off'])
  })
})

test('beside a hit times are told where they are a gain, and without one as they are', () => {
  const textOf = (first: number, again: number, cachedTokens: number | undefined): string | undefined => {
    const sent = pair({ firstMs: first, cachedTokens: undefined }, { firstMs: again, cachedTokens })
    return judgePrefixCache({ engine: 'tgi' }, [sent], undefined).findings[0]?.text
  }
  expect(textOf(80, 9, 992)).toBe('of 1,000 tokens sent again 992 were cached, first content after 9 ms instead of 80')
  expect(textOf(17, 36, 992)).toBe('of 1,000 tokens sent again 992 were cached')
  expect(textOf(200, 210, undefined)).toContain('not answered sooner, first content after 210 ms instead of 200')
})

test('a small part of the prompt found is worth a note', () => {
  expect(codes({}, [pair({ cachedTokens: 0 }, { cachedTokens: 64 })], undefined)[0]).toBe('note prefix-cache.partly')
})

test('a new prompt that is cached at once shows a shared cache', () => {
  const found = codes({}, [pair({ cachedTokens: 992 }, { cachedTokens: 992 })], undefined)
  expect(found).toContain('note prefix-cache.shared')
})

test('nothing found is a problem, and where it is configured another one', () => {
  const nothing = [pair({ cachedTokens: 0 }, { cachedTokens: 0 })]
  const off = judgePrefixCache({ engine: 'sglang' }, nothing, undefined).findings[0]
  expect(off).toMatchObject({ level: 'problem', code: 'prefix-cache.off' })
  expect(off?.advice).toContain('without --disable-radix-cache')
  const configured = judgePrefixCache({ engine: 'vllm', prefixCaching: true, blockSize: 784 }, nothing, undefined)
  expect(configured.findings[0]?.advice).toContain('a block of 784 tokens is longer than the prompt')
})
