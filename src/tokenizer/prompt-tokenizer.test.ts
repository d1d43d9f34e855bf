import { describe, expect, it } from 'vitest'
import { createPromptTokenizer } from './prompt-tokenizer.ts'
import type { Tokenizer } from './tokenizer.ts'
import { createWorkerTokenizer } from './worker-tokenizer.ts'
import { trainedSpec } from './testing/shared-model.ts'

/** A tokenizer of one id per character; the first is 1 where special tokens are wanted. */
const letters: Tokenizer = {
  kind: 'native',
  async encode(text, { addSpecialTokens = false, signal } = {}) {
    signal?.throwIfAborted()
    return Uint32Array.from([
      ...(addSpecialTokens ? [1] : []),
      ...Array.from(text, (letter) => letter.codePointAt(0) ?? 0),
    ])
  },
  count: async (text) => text.length,
  async [Symbol.asyncDispose]() {},
}
const templates = new Map([['default', '{% for m in messages %}{{ m.content }}{% endfor %}']])
const chat = (content: unknown) => ({ messages: [{ role: 'user', content }] })

describe('the tokens of a prompt', () => {
  it('are those of the rendered chat, without special tokens, or of the text, with them', async () => {
    const prompts = createPromptTokenizer(letters, { templates, specialTokens: {} })
    expect(await prompts.chat(JSON.stringify(chat('AB')))).toEqual({ exact: true, tokens: Uint32Array.of(65, 66) })
    expect(await prompts.text('A')).toEqual({ exact: true, tokens: Uint32Array.of(1, 65) })
    expect(await prompts.text('A', { addSpecialTokens: false })).toEqual({ exact: true, tokens: Uint32Array.of(65) })
  })

  it('are a reason where there are none', async () => {
    const prompts = createPromptTokenizer(letters, { templates, specialTokens: {} }, { maxBytes: 100 })
    expect(await prompts.chat('{"messages":[{"role":"user","content":[{"type":"audio"}]}]}')).toMatchObject({
      exact: false,
      fault: 'inexact',
      reason: expect.stringContaining("'audio'"),
    })
    const long = await prompts.chat(JSON.stringify(chat('x'.repeat(100))))
    expect(long).toMatchObject({ exact: false, reason: expect.stringContaining('at most 100 bytes') })
    await expect(prompts.chat(chat('A'), AbortSignal.abort(new Error('left')))).rejects.toThrow('left')
  })

  it('of plain prompts are there without a chat template', async () => {
    const prompts = createPromptTokenizer(letters, { templates: new Map(), specialTokens: {} })
    expect(prompts.chatFault).toContain('found none; add chat_template.jinja')
    expect(await prompts.chat(chat('A'))).toMatchObject({ exact: false, fault: 'template' })
    expect(await prompts.text('A')).toMatchObject({ exact: true })
  })

  it('come from a real tokenizer and template', async () => {
    const spec = await trainedSpec()
    await using tokenizer = await createWorkerTokenizer(spec)
    const prompts = createPromptTokenizer(tokenizer, spec)
    const found = await prompts.chat(chat('the router'))
    const text = '<|im_start|>user\nthe router<|im_end|>\n<|im_start|>assistant\n'
    expect(prompts.render(chat('the router'))).toBe(text)
    expect(found).toEqual({ exact: true, tokens: await tokenizer.encode(text) })
  })
})
