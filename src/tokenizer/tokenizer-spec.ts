/** A string that the tokenizer takes out of a text before anything else happens to it. */
export interface AddedToken {
  readonly id: number
  readonly content: string
  readonly special: boolean
  readonly normalized: boolean
  readonly lstrip: boolean
  readonly rstrip: boolean
  readonly single_word: boolean
}

/** The parts of a `tokenizer.json` that are looked at; everything else is passed to the libraries as it is. */
export interface TokenizerJson {
  readonly added_tokens: readonly AddedToken[]
  readonly normalizer?: unknown
  readonly pre_tokenizer?: unknown
  readonly post_processor?: unknown
  readonly model: Readonly<Record<string, unknown>>
  readonly [part: string]: unknown
}

/** All that is known of a model's tokenizer, wherever it came from. */
export interface TokenizerSpec {
  /** The folder or file, for messages. */
  readonly source: string
  readonly json: TokenizerJson
  /** Settings that the JavaScript implementation reads. */
  readonly config: Readonly<Record<string, unknown>>
  /** Chat templates by name; the usual one is `default`. */
  readonly templates: ReadonlyMap<string, string>
  /** `bos_token`, `eos_token`, ...: what templates may print. */
  readonly specialTokens: Readonly<Record<string, string>>
}
