/**
 * The chained keys of a prompt's full blocks, in order. Key i depends on the namespace and on every byte of blocks 0 to
 * i, so two prompts share key i exactly when they share everything up to the end of block i.
 *
 * A 64-bit key is two unsigned 32-bit words everywhere in Kvasir: low word first, interleaved in `words`.
 */
export interface BlockKeys {
  /** Number of blocks. */
  readonly count: number
  /** `2 * count` words: low and high word of key 0, low and high word of key 1, ... */
  readonly words: Uint32Array
}

/** Bytes of canonical prompt text in one block, where no tokenizer is known. */
export const BLOCK_BYTES = 256

export const NO_BLOCKS: BlockKeys = { count: 0, words: new Uint32Array(0) }
