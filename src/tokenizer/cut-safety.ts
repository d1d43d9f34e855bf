import { z } from 'zod'
import type { AddedToken, TokenizerJson } from './tokenizer-spec.ts'

/** Tokens behind which a text may be cut, or why there are none. */
export type CutSafety =
  | { readonly safe: true; readonly cutTokens: readonly AddedToken[] }
  | { readonly safe: false; readonly reason: string }

const component = z.looseObject({ type: z.string() })
const sequence = z.looseObject({ pretokenizers: z.array(z.unknown()) })
const metaspace = z.looseObject({ prepend_scheme: z.string().nullish() })
const bpe = z.looseObject({ dropout: z.number().nullish() })

/** Pre-tokenizers that look at one stretch of text between added tokens and at nothing around it. */
const LOCAL = new Set([
  'BertPreTokenizer',
  'ByteLevel',
  'CharDelimiterSplit',
  'Digits',
  'FixedLength',
  'Metaspace',
  'Punctuation',
  'Sequence',
  'Split',
  'UnicodeScripts',
  'Whitespace',
  'WhitespaceSplit',
])

/**
 * Whether the ids of a text are the ids of its two parts, one after the other, when it is cut behind an added token.
 *
 * Added tokens that are not normalized are searched for in the raw text from the left, the longest at each place, before
 * anything else looks at it; what lies between two of them is normalized, split and merged by itself. A cut behind one
 * therefore changes nothing, unless something reaches across it: a token that must stand alone or that swallows the
 * white space around it, a split that treats the start of the text differently, or chance.
 */
export function cutSafety(json: TokenizerJson): CutSafety {
  const reason = whyNot(json)
  if (reason !== undefined) return { safe: false, reason }
  const cutTokens = json.added_tokens.filter(
    ({ content, normalized, lstrip, rstrip }) =>
      !normalized && !lstrip && !rstrip && content !== '' && content === content.trim(),
  )
  return cutTokens.length === 0
    ? { safe: false, reason: 'no added token ends a text for sure' }
    : { safe: true, cutTokens }
}

function whyNot(json: TokenizerJson): string | undefined {
  const alone = json.added_tokens.find((token) => token.single_word)
  if (alone !== undefined) return `token '${alone.content}' looks at the letters around it (single_word)`
  const { data } = bpe.safeParse(json.model)
  if (data?.dropout !== undefined && data.dropout !== null && data.dropout > 0)
    return 'the model drops merges by chance'
  return whyNotLocal(json.pre_tokenizer)
}

function whyNotLocal(preTokenizer: unknown): string | undefined {
  if (preTokenizer === null || preTokenizer === undefined) return undefined
  const type = component.safeParse(preTokenizer).data?.type ?? 'unknown'
  if (!LOCAL.has(type)) return `pre-tokenizer '${type}' is not known to look at one stretch of text alone`
  if (type === 'Metaspace' && metaspace.safeParse(preTokenizer).data?.prepend_scheme === 'first') {
    return 'pre-tokenizer Metaspace treats the start of the text differently'
  }
  for (const part of sequence.safeParse(preTokenizer).data?.pretokenizers ?? []) {
    const reason = whyNotLocal(part)
    if (reason !== undefined) return reason
  }
  return undefined
}

/** The added tokens that are searched for in the raw text. */
export function rawTokens(json: TokenizerJson): AddedToken[] {
  return json.added_tokens.filter(({ normalized, content }) => !normalized && content !== '')
}
