/** Final mixing of MurmurHash3 (Appleby, public domain): every input bit reaches every output bit. */
function avalanche(value: number): number {
  let h = value | 0
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}

/**
 * 32-bit hash of a text's UTF-16 code units (FNV-1a, then mixed). The same in every process, so that routers which share
 * nothing still agree; not for secrets.
 */
export function hashText(text: string): number {
  let h = 0x811c9dc5
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193)
  return avalanche(h)
}

/** Combines two 32-bit hashes into one; the order matters. */
export function mixHashes(first: number, second: number): number {
  return avalanche(Math.imul(first, 0x9e3779b1) + second)
}
