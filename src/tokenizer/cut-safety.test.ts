import { describe, expect, it } from 'vitest'
import { cutSafety } from './cut-safety.ts'
import { addedToken } from './testing/shared-model.ts'
import type { TokenizerJson } from './tokenizer-spec.ts'

const json = (change: Partial<TokenizerJson>): TokenizerJson => ({
  added_tokens: [addedToken(1, '<e>')],
  model: {},
  ...change,
})

describe('whether a text may be cut', () => {
  it.each([
    { why: 'single_word', change: { added_tokens: [addedToken(1, '<e>'), addedToken(2, 'x', { single_word: true })] } },
    { why: 'by chance', change: { model: { dropout: 0.1 } } },
    { why: 'start of the text', change: { pre_tokenizer: { type: 'Metaspace', prepend_scheme: 'first' } } },
    {
      why: "'Novel' is not known",
      change: { pre_tokenizer: { type: 'Sequence', pretokenizers: [{ type: 'Digits' }, { type: 'Novel' }] } },
    },
    { why: 'no added token', change: { added_tokens: [] } },
    { why: 'no added token', change: { added_tokens: [addedToken(1, '<e>', { rstrip: true }), addedToken(2, ' ')] } },
  ])('not: $why', ({ why, change }) => {
    expect(cutSafety(json(change))).toEqual({ safe: false, reason: expect.stringContaining(why) })
  })

  it('behind tokens that are matched as they stand', () => {
    const added_tokens = [
      addedToken(1, '<e>'),
      addedToken(2, '<n>', { normalized: true }),
      addedToken(3, '<l>', { lstrip: true }),
    ]
    const safety = cutSafety(json({ added_tokens, pre_tokenizer: { type: 'ByteLevel' } }))
    expect(safety).toMatchObject({ safe: true, cutTokens: [{ id: 1 }] })
  })
})
