import { BoundedMap } from './bounded-map.ts'

/** About what an entry costs beside its ids. */
const ENTRY_BYTES = 300

/** Token ids by a text's hash. */
export type TokenCache = BoundedMap<string, Uint32Array>

/** A cache of whole texts' tokens that keeps to so many bytes. */
export function createTokenCache(limitBytes: number): TokenCache {
  return new BoundedMap(limitBytes, (ids) => ids.byteLength + ENTRY_BYTES)
}
