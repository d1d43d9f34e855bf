import { createHash } from 'node:crypto'
import type { BlockHash } from './block-hash.ts'

export interface SglangHashOptions {
  /** Tokens in a page, the engine's `--page-size`. */
  readonly pageSize: number
  readonly cacheSalt?: string
  /**
   * With draft-model speculation (EAGLE) a page covers pairs of a token and the one behind it, so the last token of a
   * prompt begins no pair.
   */
  readonly pairs?: boolean
}

const SALT_PREFIX = 'sglang-cache-salt-v1\0'

/**
 * The hashes of a prompt's full pages as SGLang publishes them: the first 8 bytes of SHA-256 over the digest before, if
 * there is one, and the tokens as 4 bytes each, little-endian. A cache salt is the digest before the first page.
 */
export function sglangBlockHashes(tokens: Uint32Array, options: SglangHashOptions): readonly BlockHash[] {
  const { pageSize, cacheSalt } = options
  const pairs = options.pairs === true
  const cells = pairs ? Math.max(0, tokens.length - 1) : tokens.length
  const hashes: BlockHash[] = []
  let before =
    cacheSalt === undefined
      ? undefined
      : createHash('sha256')
          .update(SALT_PREFIX + cacheSalt)
          .digest()
  for (let start = 0; start + pageSize <= cells; start += pageSize) {
    const hash = createHash('sha256')
    if (before !== undefined) hash.update(before)
    before = hash.update(pageBytes(tokens, start, pageSize, pairs)).digest()
    hashes.push(before.readBigUInt64BE())
  }
  return hashes
}

function pageBytes(tokens: Uint32Array, start: number, pageSize: number, pairs: boolean): Uint8Array {
  const width = pairs ? 8 : 4
  const bytes = new Uint8Array(pageSize * width)
  const view = new DataView(bytes.buffer)
  for (let at = 0; at < pageSize; at++) {
    view.setUint32(at * width, tokens[start + at]!, true)
    if (pairs) view.setUint32(at * width + 4, tokens[start + at + 1]!, true)
  }
  return bytes
}
