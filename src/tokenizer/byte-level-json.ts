import type { AddedToken } from './tokenizer-spec.ts'

/** What byte-level BPE vocabularies differ in. */
export interface ByteLevelParts {
  readonly addedTokens: readonly AddedToken[]
  /** How a text is split before its bytes are merged, in the form of `tokenizer.json`. */
  readonly preTokenizer: object
  /** What is put around a text. */
  readonly postProcessor: object | null
  /** Every token by its id. */
  readonly tokens: readonly string[]
  /** Pairs with a space between, the first merged first. */
  readonly merges: readonly string[]
  /** A word that is a token as a whole is taken without merging. */
  readonly wholeWords: boolean
}

/** The split of GPT-2, which `ByteLevel` has inside. */
export const GPT_2_SPLIT = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true }

/** A `tokenizer.json` with a byte-level BPE vocabulary; nothing is normalized, cut or filled up. */
export function byteLevelJson(parts: ByteLevelParts) {
  const { addedTokens, preTokenizer, postProcessor, tokens, merges, wholeWords } = parts
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: addedTokens,
    normalizer: null,
    pre_tokenizer: preTokenizer,
    post_processor: postProcessor,
    decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: '',
      end_of_word_suffix: '',
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: wholeWords,
      vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
      merges,
    },
  }
}
