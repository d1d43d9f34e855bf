import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createIncrementalEncoder } from './incremental-encoder.ts'
import { createNativeTokenizer } from './native-tokenizer.ts'
import { hasNative } from './testing/has-native.ts'
import { addedToken, freeId, trainedSpec } from './testing/shared-model.ts'
import type { Tokenizer } from './tokenizer.ts'
import type { TokenizerSpec } from './tokenizer-spec.ts'
import { createWorkerTokenizer } from './worker-tokenizer.ts'

const native = await hasNative()
const create = (spec: TokenizerSpec): Promise<Tokenizer> =>
  native ? createNativeTokenizer(spec) : createWorkerTokenizer(spec)

const pieces = fc.constantFrom(
  '<|im_end|>',
  '<|im_start|>',
  '<|im_end|>\n',
  '<tool_call>',
  '<|im_',
  'end|>',
  '|>',
  '<',
  ' ',
  '  \n',
  '\r\n',
  'the',
  ' The',
  '<|LATE|>',
  '<|late|>',
  ' <|strip|> ',
  '<|strip|>',
  '\u00a0',
  'é',
  'e\u0301',
  '😀',
  '中',
  '\uff1c|im_end|\uff1e',
  '1',
  "'s",
)
const turns = fc.array(
  fc.array(pieces, { maxLength: 12 }).map((parts) => parts.join('')),
  { minLength: 1, maxLength: 8 },
)

/** Growing conversations must have the ids of the whole text in every turn. */
async function check(spec: TokenizerSpec, addSpecialTokens = false): Promise<number> {
  await using plain = await create(spec)
  const memories = await Promise.all(
    [1, 25].map((segmentChars) => createIncrementalEncoder(plain, spec, { segmentChars, cacheBytes: 20_000 })),
  )
  await fc.assert(
    fc.asyncProperty(turns, fc.constantFrom(...memories), async (chat, encoder) => {
      let text = ''
      for (const turn of chat) {
        text += turn
        const ids = await encoder.encode(text, { addSpecialTokens })
        expect([...ids]).toEqual([...(await plain.encode(text, { addSpecialTokens }))])
        expect(encoder.cacheBytes).toBeLessThanOrEqual(20_000)
      }
    }),
    { numRuns: 120 },
  )
  return Math.min(...memories.map(({ stats }) => stats.cachedChars))
}

describe('an encoder that remembers', () => {
  it('has the ids of a full encoding, with a byte-level vocabulary', async () => {
    expect(await check(await trainedSpec())).toBeGreaterThan(1000)
  })

  it('has them in the thread as well', async () => {
    const spec = await trainedSpec()
    await using plain = await createWorkerTokenizer(spec)
    const encoder = await createIncrementalEncoder(plain, spec, { segmentChars: 1 })
    for (const text of [
      '<|im_start|>a<|im_end|>',
      '<|im_start|>a<|im_end|>\n <tool_call>',
      '<|im_start|>a<|im_end|>\n <tool_call>b',
    ]) {
      expect([...(await encoder.encode(text))]).toEqual([...(await plain.encode(text))])
    }
    expect(encoder.stats.cachedChars).toBeGreaterThan(0)
  })

  it('has them with a normalizer, and with tokens that are matched after it or swallow white space', async () => {
    const id = freeId(await trainedSpec())
    const added = [
      addedToken(id, '<|late|>', { normalized: true }),
      addedToken(id + 1, '<|strip|>', { lstrip: true, rstrip: true }),
    ]
    const normalizer = { type: 'Sequence', normalizers: [{ type: 'NFKC' }, { type: 'Lowercase' }] }
    expect(await check(await trainedSpec({ normalizer }, added))).toBeGreaterThan(1000)
  })

  it('has them with tokens around the text', async () => {
    const spec = await trainedSpec()
    const [bos] = spec.json.added_tokens
    const post_processor = {
      type: 'TemplateProcessing',
      single: [
        { SpecialToken: { id: 'b', type_id: 0 } },
        { Sequence: { id: 'A', type_id: 0 } },
        { SpecialToken: { id: 'b', type_id: 0 } },
      ],
      pair: [{ Sequence: { id: 'A', type_id: 0 } }, { Sequence: { id: 'B', type_id: 1 } }],
      special_tokens: { b: { id: 'b', ids: [bos?.id ?? 0], tokens: ['b'] } },
    }
    expect(await check(await trainedSpec({ post_processor }), true)).toBeGreaterThan(1000)
  })

  it('pays for the new part only, and for everything again once it was dropped', async () => {
    const spec = await trainedSpec()
    const encoder = await createIncrementalEncoder(await create(spec), spec, { cacheBytes: 4000 })
    const turn = `<|im_start|>user\n${'some words '.repeat(30)}<|im_end|>\n`
    await encoder.encode(turn)
    await encoder.encode(turn + turn)
    expect(encoder.stats).toEqual({ cachedChars: turn.length - 1, encodedChars: 2 * turn.length + 1 })
    for (let other = 0; other < 20; other++) await encoder.encode(`${other}${turn}`)
    expect(encoder.cacheBytes).toBeLessThanOrEqual(4000)
    const { encodedChars } = encoder.stats
    await encoder.encode(turn)
    expect(encoder.stats.encodedChars).toBe(encodedChars + turn.length)
  })

  it('drops the end of a conversation before its beginning', async () => {
    const spec = await trainedSpec()
    const turn = (name: string): string => `<|im_start|>${name}${'some words '.repeat(30)}<|im_end|>\n`
    const long = ['a', 'b', 'c', 'd', 'e', 'f'].map(turn).join('')
    const encoder = await createIncrementalEncoder(await create(spec), spec, { cacheBytes: 1 << 20 })
    await encoder.encode(long)
    const small = await createIncrementalEncoder(await create(spec), spec, { cacheBytes: encoder.cacheBytes })
    await small.encode(long)
    await small.encode(long)
    await small.encode(turn('another'))
    const { cachedChars } = small.stats
    await small.encode(long)
    expect(small.stats.cachedChars - cachedChars).toBeGreaterThan(long.length / 2)
  })

  it('remembers nothing where it cannot be sure, and says why', async () => {
    const spec = await trainedSpec({}, [addedToken(9999, 'word', { single_word: true })])
    const encoder = await createIncrementalEncoder(await create(spec), spec, { segmentChars: 1 })
    expect(encoder.disabled).toContain('single_word')
    await encoder.encode('a<|im_end|>b')
    expect([encoder.cacheBytes, await encoder.count('<|im_end|>')]).toEqual([0, 1])
  })

  it('remembers nothing of a text whose words yield the id of a token that ends segments', async () => {
    const spec = await trainedSpec({ normalizer: { type: 'Lowercase' } })
    const vocab = spec.json.model['vocab']
    const id = typeof vocab === 'object' && vocab !== null && 'a' in vocab && typeof vocab.a === 'number' ? vocab.a : -1
    const withLetter = {
      ...spec,
      json: { ...spec.json, added_tokens: [addedToken(id, 'a'), ...spec.json.added_tokens] },
    }
    const plain = await create(withLetter)
    const encoder = await createIncrementalEncoder(plain, withLetter, { segmentChars: 1 })
    // 'A' is no added token, but its lower case has the same id.
    expect([...(await encoder.encode('A.a!'))]).toEqual([...(await plain.encode('A.a!'))])
    expect(encoder.cacheBytes).toBe(0)
    await encoder.encode('.a!')
    expect(encoder.cacheBytes).toBeGreaterThan(0)
  })
})
