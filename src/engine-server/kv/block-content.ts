/** What the blocks of one request hold: all that tells them from the blocks of others. */
export interface BlockContent {
  /** Token ids of prompt and answer. */
  readonly tokens: Uint32Array
  readonly adapter: Adapter | undefined
  readonly cacheSalt: string | undefined
}

/** A LoRA adapter as requests name it. */
export interface Adapter {
  readonly name: string
  /** Numbered from 1 in the order of loading. */
  readonly id: number
  readonly path: string
}
