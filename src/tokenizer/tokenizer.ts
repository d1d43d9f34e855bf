/** How a text is encoded. */
export interface EncodeOptions {
  /** Adds what the tokenizer's post-processor puts around a text, such as a BOS. Chat templates write it themselves. */
  readonly addSpecialTokens?: boolean
  /** Stops waiting; what runs already may run on, its result is dropped. */
  readonly signal?: AbortSignal | undefined
}

/**
 * Turns text into the token ids of one model. Added tokens that stand in the text are recognised, as engines do. Never
 * works on the event loop for longer than it takes to copy the result. Errors are `TokenizerError`s, or the signal's reason.
 */
export interface Tokenizer extends AsyncDisposable {
  /** What does the work: the native package, or the JavaScript one in a thread. */
  readonly kind: 'native' | 'thread'
  encode(text: string, options?: EncodeOptions): Promise<Uint32Array>
  /** As many as `encode` would return. */
  count(text: string, options?: EncodeOptions): Promise<number>
}
