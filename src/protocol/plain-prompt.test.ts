import { describe, expect, test } from 'vitest'
import { commonKeys, identityOf, scanned, sharedBlocks, streamOf } from './testing/canonical-stream.ts'
import { BlockHasher } from '../prefix/block-hasher.ts'
import { BLOCK_BYTES } from '../prefix/block-keys.ts'
import { hashPrompt } from './prompt-identity.ts'

const COMPLETIONS = '/v1/completions'
const ids = (count: number): number[] => Array.from({ length: count }, (_, i) => (i * 7919) % 128_000)
const bytesOf = (tokens: number[]): string => String.fromCharCode(...new Uint8Array(Uint32Array.from(tokens).buffer))

describe('a completion', () => {
  test('is its prompt, then its suffix', () => {
    expect(streamOf(COMPLETIONS, { prompt: 'def f():', suffix: 'return 1\n' })).toBe('\x10def f():\x11return 1\\n')
    expect(streamOf(COMPLETIONS, { prompt: ['def f():'] })).toBe(streamOf(COMPLETIONS, { prompt: 'def f():' }))
  })

  test('of several prompts is known by the first, and counts them all', () => {
    const body = { prompt: ['one', 'twenty'] }
    expect(streamOf(COMPLETIONS, body)).toBe('\x10one')
    expect(scanned(COMPLETIONS, body).prompt.prompts).toBe(2)
    expect(identityOf(COMPLETIONS, body)).toMatchObject({ promptBytes: 10, tokenIds: false, promptTokens: undefined })
  })

  test('of token ids is four bytes for each, low byte first, and an exact count', () => {
    const tokens = [...ids(100), 0, 7, 4_294_967_295]
    expect(streamOf(COMPLETIONS, { prompt: tokens })).toBe(bytesOf(tokens))
    expect(streamOf(COMPLETIONS, `{"prompt": [ ${tokens.join(' ,\n')} ]}`)).toBe(bytesOf(tokens))
    const identity = identityOf(COMPLETIONS, { prompt: tokens })
    expect(identity).toMatchObject({ tokenIds: true, promptTokens: 103, promptBytes: 412 })
    expect(identity.blocks.count).toBe(25)
  })

  test('of token ids shares the blocks of the tokens it shares', () => {
    const body = { prompt: ids(4096) }
    const long = hashPrompt(scanned(COMPLETIONS, body), { model: 'm' }, new BlockHasher())
    const other = { prompt: [...ids(2000), 5, ...ids(2000)] }
    const changed = hashPrompt(scanned(COMPLETIONS, other), { model: 'm' }, new BlockHasher())
    expect(long.blocks.count).toBe((4096 * 4) / BLOCK_BYTES)
    expect(sharedBlocks(long, changed)).toBe(Math.floor((2000 * 4) / BLOCK_BYTES))
  })

  test('of several prompts of token ids adds up their tokens', () => {
    const identity = identityOf(COMPLETIONS, { prompt: [ids(10), ids(20), []] })
    expect(identity).toMatchObject({ tokenIds: true, promptTokens: 30, promptBytes: 120 })
    expect(identityOf(COMPLETIONS, { prompt: [ids(10), 'text'] })).toMatchObject({
      tokenIds: true,
      promptTokens: undefined,
    })
  })

  test('never shares a key between text and token ids', () => {
    const text = ' !#$%&()*+,-./0'.repeat(8)
    const tokens = [...new Uint32Array(Uint8Array.from(`\x10${text}   `, (c) => c.charCodeAt(0)).slice(0, 120).buffer)]
    expect(commonKeys(identityOf(COMPLETIONS, { prompt: text }), identityOf(COMPLETIONS, { prompt: tokens }))).toBe(0)
  })
})

describe('the routes without an answer', () => {
  test('embed texts, token ids and chats', () => {
    expect(streamOf('/v1/embeddings', { input: 'text' })).toBe('\x10text')
    expect(scanned('/v1/embeddings', { input: ['a', 'b', 'c'] }).prompt.prompts).toBe(3)
    expect(streamOf('/v1/embeddings', { input: [1, 2] })).toBe(bytesOf([1, 2]))
    const messages = [{ role: 'user', content: 'a' }]
    expect(streamOf('/v1/embeddings', { messages })).toBe(streamOf('/v1/chat/completions', { messages }))
  })

  test('rank documents behind the query', () => {
    expect(streamOf('/v1/rerank', { documents: ['a', { text: 'b' }], query: 'q' })).toBe(
      '\x12q\x13a\x13\x0dtext\x0e"b"',
    )
  })

  test('score a text against others', () => {
    expect(streamOf('/v1/score', { text_2: ['b', 'c'], text_1: 'a' })).toBe('\x12a\x13b\x13c')
  })

  test('tokenize texts and chats, and the way back', () => {
    expect(streamOf('/tokenize', { prompt: 'a' })).toBe('\x10a')
    expect(streamOf('/tokenize', { content: 'a' })).toBe('\x10a')
    const messages = [{ role: 'user', content: 'a' }]
    expect(streamOf('/tokenize', { messages })).toBe(streamOf('/v1/chat/completions', { messages }))
    expect(streamOf('/detokenize', { tokens: [5, 6] })).toBe(bytesOf([5, 6]))
  })
})
