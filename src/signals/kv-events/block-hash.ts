/**
 * An engine's name for a block: the digest read as one unsigned big-endian number, whatever the engine sends it as.
 * 64-bit integers, signed or not, small or large, are the number modulo 2^64; digests of 16 or 32 bytes keep all bits;
 * text is read as decimal or hexadecimal. Equal names are equal numbers, so a hash is a key of a `Map` as it is: V8
 * hashes a `bigint` by its low 64 bits and stores 8 bytes of digest in 24 bytes of heap, a string needs 40 and a copy.
 *
 * A hash only says which block of this engine is meant. What a block holds is known from its tokens.
 */
export type BlockHash = bigint

/** Digests longer than this are no digests: SHA-512 has 64 bytes. */
const MAX_BYTES = 64
const LARGEST_64 = 2n ** 64n - 1n
const DECIMAL = /^-?\d{1,20}$/
const HEXADECIMAL = /^(?:0x)?([0-9a-f]{1,128})$/i

/** Reads a hash in any of its forms: bigint, integer, bytes or text. Undefined when the value is none. */
export function toBlockHash(value: unknown): BlockHash | undefined {
  if (typeof value === 'bigint') return value >= 0n && value <= LARGEST_64 ? value : BigInt.asUintN(64, value)
  if (typeof value === 'number') return Number.isSafeInteger(value) ? BigInt.asUintN(64, BigInt(value)) : undefined
  if (value instanceof Uint8Array) return fromBytes(value)
  return typeof value === 'string' ? fromText(value) : undefined
}

/**
 * The hash as vLLM and SGLang publish it when they publish integers: of a whole digest its last 8 bytes as an unsigned
 * number (engine convention of vLLM). A hash that was published as an integer is returned as it is.
 */
export function low64(hash: BlockHash): bigint {
  return BigInt.asUintN(64, hash)
}

/** The hash as `length` big-endian bytes. Bits beyond that length are cut off at the front. */
export function toHashBytes(hash: BlockHash, length: number): Uint8Array {
  const bytes = new Uint8Array(length)
  let rest = hash
  for (let at = length - 1; at >= 0; at--) {
    bytes[at] = Number(rest & 0xffn)
    rest >>= 8n
  }
  return bytes
}

function fromBytes(bytes: Uint8Array): BlockHash | undefined {
  const length = bytes.length
  if (length === 0 || length > MAX_BYTES) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, length)
  const lead = length % 8
  let hash = 0n
  for (let at = 0; at < lead; at++) hash = (hash << 8n) | BigInt(bytes[at]!)
  for (let at = lead; at < length; at += 8) hash = (hash << 64n) | view.getBigUint64(at)
  return hash
}

function fromText(text: string): BlockHash | undefined {
  if (DECIMAL.test(text)) return BigInt.asUintN(64, BigInt(text))
  const digits = HEXADECIMAL.exec(text)?.[1]
  return digits === undefined ? undefined : BigInt(`0x${digits}`)
}
