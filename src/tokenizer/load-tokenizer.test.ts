import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { loadTokenizer } from './load-tokenizer.ts'
import { trainedJson } from './testing/shared-model.ts'
import { hasNative } from './testing/has-native.ts'
import { modelFolder, TINY_CONFIG } from './testing/tiny-tokenizer.ts'

const native = await hasNative()

const words = fc.constantFrom(
  'the',
  ' router',
  '\n\n',
  '\r\n',
  '  ',
  '\t',
  'é',
  '😀',
  "don't",
  '12345',
  '中文',
  '<|im_end|>',
  '<|im_',
  '\u00a0',
)
const texts = fc
  .array(fc.oneof(words, fc.string({ unit: 'binary', maxLength: 6 })), { maxLength: 30 })
  .map((parts) => parts.join('').toWellFormed())

describe('a tokenizer from a folder', () => {
  it.skipIf(!native)('has the same ids natively and in the thread', async () => {
    await using folder = await modelFolder({
      'tokenizer.json': await trainedJson(),
      'tokenizer_config.json': TINY_CONFIG,
    })
    const one = await loadTokenizer(folder.path, { implementation: 'native' })
    const other = await loadTokenizer(folder.path, { implementation: 'thread' })
    await using tokenizer = one.tokenizer
    await using thread = other.tokenizer
    expect([tokenizer.kind, thread.kind]).toEqual(['native', 'thread'])
    await fc.assert(
      fc.asyncProperty(texts, async (text) => {
        const ids = await tokenizer.encode(text)
        expect([...(await thread.encode(text))]).toEqual([...ids])
        expect(await tokenizer.count(text)).toBe(ids.length)
      }),
      { numRuns: 60 },
    )
  })

  it.skipIf(!native)('refuses what does not fit into the queue, and stops waiting when the signal fires', async () => {
    await using folder = await modelFolder({ 'tokenizer.json': await trainedJson() })
    const { tokenizer } = await loadTokenizer(folder.path, { implementation: 'native', queue: 1 })
    const long = 'the router '.repeat(5000)
    const under = [tokenizer.encode(long), tokenizer.encode(long)]
    const leave = new AbortController()
    const waiting = tokenizer.encode('a', { signal: leave.signal })
    await expect(tokenizer.encode('b')).rejects.toMatchObject({ fault: 'busy' })
    leave.abort(new Error('left'))
    await expect(waiting).rejects.toThrow('left')
    const [first, second] = await Promise.all(under)
    expect(first).toEqual(second)
  })

  it('neither truncates nor pads, and knows the tokens that only the configuration adds', async () => {
    const json = {
      ...(await trainedJson()),
      truncation: { direction: 'Right', max_length: 2, strategy: 'LongestFirst', stride: 0 },
      padding: {
        strategy: { Fixed: 64 },
        direction: 'Right',
        pad_to_multiple_of: null,
        pad_id: 0,
        pad_type_id: 0,
        pad_token: '!',
      },
    }
    const next = 9999
    const config = {
      ...TINY_CONFIG,
      added_tokens_decoder: { [next]: { content: '<|late|>', special: true, normalized: false } },
    }
    await using folder = await modelFolder({ 'tokenizer.json': json, 'tokenizer_config.json': config })
    const { tokenizer, spec } = await loadTokenizer(folder.path)
    expect(await tokenizer.encode('one two three <|late|>')).not.toHaveLength(64)
    expect(await tokenizer.count('one two three four five')).toBeGreaterThan(4)
    expect(await tokenizer.count('<|late|>')).toBe(1)
    expect(spec.json.added_tokens.at(-1)).toMatchObject({ id: next, content: '<|late|>' })
  })

  it('has its templates and special tokens from wherever they stand', async () => {
    const named = [
      { name: 'default', template: 'configured' },
      { name: 'tool_use', template: 'with tools' },
    ]
    await using folder = await modelFolder({
      'tokenizer.json': await trainedJson(),
      'tokenizer_config.json': { bos_token: { content: '<s>' }, unk_token: null, chat_template: named },
      'special_tokens_map.json': { bos_token: '<old>', eos_token: { content: '</s>' } },
      'chat_template.json': { chat_template: 'wrapped' },
    })
    const before = await loadTokenizer(folder.path)
    expect(Object.fromEntries(before.spec.templates)).toEqual({ default: 'wrapped', tool_use: 'with tools' })
    expect(before.spec.specialTokens).toEqual({ bos_token: '<s>', eos_token: '</s>' })
    await folder.write('chat_template.jinja', 'own file')
    await folder.write('additional_chat_templates/rag.jinja', 'retrieval')
    const after = await loadTokenizer(folder.path)
    expect(Object.fromEntries(after.spec.templates)).toEqual({
      default: 'own file',
      tool_use: 'with tools',
      rag: 'retrieval',
    })
  })

  it.each([
    {
      name: 'no such folder',
      files: undefined,
      message: /expected a file tokenizer.json, found no such folder; point it at/,
    },
    {
      name: 'another folder',
      files: { 'config.json': {} },
      message: /expected a file tokenizer.json, found config.json;/,
    },
    {
      name: 'an LFS pointer',
      files: { 'tokenizer.json': 'version https://git-lfs.github.com/spec/v1\noid sha256:0' },
      message:
        /tokenizer.json: expected JSON, found .*; download the file again: it may be cut off, or a Git LFS pointer/,
    },
    {
      name: 'another shape',
      files: { 'tokenizer.json': { model: { type: 'BPE' }, added_tokens: [{ id: 'x', content: '<s>' }] } },
      message: /tokenizer.json: at added_tokens.0.id: /,
    },
    {
      name: 'a model nobody knows',
      files: { 'tokenizer.json': { model: { type: 'Nonsense' } } },
      message: /expected a tokenizer|reading/,
    },
    {
      name: 'a broken configuration',
      files: { 'tokenizer.json': { model: {} }, 'tokenizer_config.json': '{"chat_template": 5}' },
      message: /tokenizer_config.json: at chat_template: /,
    },
  ])('is refused with what to do: $name', async ({ files, message }) => {
    await using folder = await modelFolder(files ?? {})
    const path = files === undefined ? `${folder.path}/missing` : folder.path
    await expect(loadTokenizer(path)).rejects.toThrow(message)
    await expect(loadTokenizer(path)).rejects.toMatchObject({ name: 'TokenizerError', fault: 'files' })
  })

  it('is refused where the path is that of a file', async () => {
    await using folder = await modelFolder({ 'tokenizer.json': await trainedJson() })
    const path = `${folder.path}/tokenizer.json`
    await expect(loadTokenizer(path)).rejects.toThrow('expected a file tokenizer.json, found a file that is no folder;')
  })
})
