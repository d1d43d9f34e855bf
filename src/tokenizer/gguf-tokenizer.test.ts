import { join } from 'node:path'
import { writeFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { readGgufMetadata } from './gguf-metadata.ts'
import { loadTokenizer } from './load-tokenizer.ts'
import { ggufBytes, type Typed } from './testing/gguf-file.ts'
import { trainedJson } from './testing/shared-model.ts'
import { modelFolder } from './testing/tiny-tokenizer.ts'
import { byteAlphabet } from './testing/train-bpe.ts'

const text = (value: string): Typed => ({ type: 8, value })
const texts = (value: readonly string[]): Typed => ({ type: 9, of: 8, value })
const ALPHABET = byteAlphabet()
const TOKENS = [...ALPHABET, 'th', 'the', '<s>', '</s>', '<user>']
const MODEL: Record<string, Typed> = {
  'general.architecture': text('llama'),
  'tokenizer.ggml.model': text('gpt2'),
  'tokenizer.ggml.pre': text('llama-bpe'),
  'tokenizer.ggml.tokens': texts(TOKENS),
  'tokenizer.ggml.token_type': { type: 9, of: 5, value: [...TOKENS.map(() => 1).slice(0, 258), 3, 3, 4] },
  'tokenizer.ggml.merges': texts(['t h', 'th e']),
  'tokenizer.ggml.bos_token_id': { type: 4, value: 258 },
  'tokenizer.ggml.eos_token_id': { type: 4, value: 259 },
  'tokenizer.ggml.add_bos_token': { type: 7, value: 1 },
  'tokenizer.chat_template': text('{{ bos_token }}usual'),
  'tokenizer.chat_template.tool_use': text('with tools'),
}

async function withFile<T>(bytes: Uint8Array, job: (path: string) => Promise<T>): Promise<T> {
  await using folder = await modelFolder({})
  const path = join(folder.path, 'model.gguf')
  await writeFile(path, bytes)
  return await job(path)
}

describe('the metadata of a .gguf file', () => {
  it('has values of every type', async () => {
    const pairs: Record<string, Typed> = {
      'a.u8': { type: 0, value: 200 },
      'a.i8': { type: 1, value: -3 },
      'a.u16': { type: 2, value: 60_000 },
      'a.i16': { type: 3, value: -300 },
      'a.u32': { type: 4, value: 4_000_000_000 },
      'a.i32': { type: 5, value: -70_000 },
      'a.f32': { type: 6, value: 0.5 },
      'a.bool': { type: 7, value: 1 },
      'a.text': text('é'),
      'a.u64': { type: 10, value: 2 ** 40 },
      'a.i64': { type: 11, value: -(2 ** 40) },
      'a.f64': { type: 12, value: 0.1 },
      'a.texts': texts(['x', '']),
      'a.numbers': { type: 9, of: 2, value: [1, 2, 65_535] },
      'b.left.out': { type: 4, value: 1 },
      'a.last': texts(Array.from({ length: 50_000 }, (_, i) => `token number ${i} of a large vocabulary`)),
    }
    for (const version of [2, 3]) {
      const values = await withFile(ggufBytes(pairs, version), (path) => readGgufMetadata(path, ['a.']))
      expect(Object.fromEntries([...values].filter(([key]) => key !== 'a.last'))).toEqual({
        'a.u8': 200,
        'a.i8': -3,
        'a.u16': 60_000,
        'a.i16': -300,
        'a.u32': 4_000_000_000,
        'a.i32': -70_000,
        'a.f32': 0.5,
        'a.bool': true,
        'a.text': 'é',
        'a.u64': 2 ** 40,
        'a.i64': -(2 ** 40),
        'a.f64': 0.1,
        'a.texts': ['x', ''],
        'a.numbers': [1, 2, 65_535],
      })
      expect(values.get('a.last')).toHaveLength(50_000)
    }
  })

  it.each([
    [
      'other bytes',
      new TextEncoder().encode('this is no model at all, really'),
      /expected the letters GGUF at byte 4, found 0x/,
    ],
    ['another version', ggufBytes({}, 9), 'expected version 2 or 3 of the format at byte 8, found version 9'],
    [
      'a cut file',
      ggufBytes(MODEL).subarray(0, 3000),
      /expected \d+ more bytes at byte \d+, found the end of the file; give a whole/,
    ],
    [
      'an unknown type',
      ggufBytes({ x: { type: 77, value: 1 } }),
      /expected a known type of value at byte \d+, found type 77/,
    ],
  ])('is refused with %s', async (_name, bytes, message) => {
    await expect(withFile(bytes, (path) => readGgufMetadata(path, ['']))).rejects.toThrow(message)
  })
})

describe('the tokenizer of a .gguf file', () => {
  it('splits, merges and takes special tokens out like the model', async () => {
    await withFile(ggufBytes(MODEL), async (path) => {
      const { spec, tokenizer } = await loadTokenizer(path)
      const id = (token: string): number => TOKENS.indexOf(token)
      expect([...(await tokenizer.encode('the</s> th<user>12'))]).toEqual(
        ['the', '</s>', 'Ġ', 'th', '<user>', '1', '2'].map(id),
      )
      expect([...(await tokenizer.encode('t', { addSpecialTokens: true }))]).toEqual(['<s>', 't'].map(id))
      expect(Object.fromEntries(spec.templates)).toEqual({ default: '{{ bos_token }}usual', tool_use: 'with tools' })
      expect(spec.specialTokens).toEqual({ bos_token: '<s>', eos_token: '</s>' })
    })
  })

  it('has the ids of the tokenizer.json with the same vocabulary', async () => {
    const json = await trainedJson()
    const { model } = json
    const vocab = typeof model === 'object' && model !== null && 'vocab' in model ? model.vocab : {}
    const merges = typeof model === 'object' && model !== null && 'merges' in model ? model.merges : []
    const ids = Object.entries(typeof vocab === 'object' && vocab !== null ? vocab : {})
    const tokens = ids.sort((a, b) => Number(a[1]) - Number(b[1])).map(([token]) => token)
    const pairs: Record<string, Typed> = {
      ...MODEL,
      'tokenizer.ggml.pre': text('gpt-2'),
      'tokenizer.ggml.tokens': texts(tokens),
      'tokenizer.ggml.token_type': { type: 9, of: 5, value: tokens.map(() => 1) },
      'tokenizer.ggml.merges': texts(Array.isArray(merges) ? merges.map(String) : []),
      'tokenizer.ggml.add_bos_token': { type: 7, value: 0 },
    }
    await using folder = await modelFolder({ 'tokenizer.json': json })
    const sample = "Kvasir routes every request: it's 12345 tokens,\r\n\n  naïve 😀 and\tso on."
    await withFile(ggufBytes(pairs), async (path) => {
      const ours = await (await loadTokenizer(path)).tokenizer.encode(sample)
      expect([...ours]).toEqual([...(await (await loadTokenizer(folder.path)).tokenizer.encode(sample))])
    })
  })

  it.each([
    [
      'another kind',
      { 'tokenizer.ggml.model': text('llama') },
      "expected tokenizer.ggml.model 'gpt2' (byte-level BPE), found 'llama'; give",
    ],
    ['an unknown split', { 'tokenizer.ggml.pre': text('novel') }, "expected a known tokenizer.ggml.pre, found 'novel'"],
    ['no merges', { 'tokenizer.ggml.merges': texts([]) }, 'expected texts at tokenizer.ggml.merges, found none'],
  ])('is refused with %s', async (_name, change, message) => {
    await expect(withFile(ggufBytes({ ...MODEL, ...change }), (path) => loadTokenizer(path))).rejects.toThrow(message)
  })
})
