import { type FileHandle, open } from 'node:fs/promises'
import { messageOf, TokenizerError } from './tokenizer-error.ts'

/** A value of a GGUF header. Arrays of numbers are plain; 64-bit integers beyond 2^53 lose their last digits. */
export type GgufValue = number | boolean | string | readonly GgufValue[]

/** Bytes read at a time; the header of a large vocabulary has about 5 MB. */
const CHUNK = 1 << 20
const MAGIC = 0x46554747
const LONGEST_STRING = 1 << 26
const MOST_ITEMS = 1 << 24

const decoder = new TextDecoder()

/**
 * The metadata of a `.gguf` file (format versions 2 and 3, little-endian): key-value pairs in front of the tensors, as
 * ggml's `docs/gguf.md` describes them. Only keys that start with one of `prefixes` are kept; none of the tensors is read.
 */
export async function readGgufMetadata(path: string, prefixes: readonly string[]): Promise<Map<string, GgufValue>> {
  const file = await open(path).catch((error: unknown) => {
    const message = `${path}: expected a .gguf file that can be read, found ${messageOf(error)}`
    throw new TokenizerError('files', message, { cause: error })
  })
  try {
    const reader = new GgufReader(file, path)
    return await readPairs(reader, prefixes)
  } finally {
    await file.close()
  }
}

async function readPairs(reader: GgufReader, prefixes: readonly string[]): Promise<Map<string, GgufValue>> {
  await reader.need(24)
  const magic = reader.u32()
  if (magic !== MAGIC) throw reader.fault('the letters GGUF', `0x${magic.toString(16)}`)
  const version = reader.u32()
  if (version !== 2 && version !== 3) throw reader.fault('version 2 or 3 of the format', `version ${version}`)
  reader.u64()
  const pairs = reader.u64()
  const values = new Map<string, GgufValue>()
  for (let i = 0; i < pairs; i++) {
    const key = await reader.string()
    await reader.need(4)
    const value = await reader.value(reader.u32())
    if (prefixes.some((prefix) => key.startsWith(prefix))) values.set(key, value)
  }
  return values
}

/** Bytes of the fixed-size types by their number. */
const SIZES = new Map([
  [0, 1],
  [1, 1],
  [2, 2],
  [3, 2],
  [4, 4],
  [5, 4],
  [6, 4],
  [7, 1],
  [10, 8],
  [11, 8],
  [12, 8],
])
const STRING = 8
const ARRAY = 9

class GgufReader {
  readonly #file: FileHandle
  readonly #path: string
  #bytes = new Uint8Array(0)
  #view = new DataView(this.#bytes.buffer)
  #at = 0
  /** Offset in the file of what follows `#bytes`. */
  #next = 0

  constructor(file: FileHandle, path: string) {
    this.#file = file
    this.#path = path
  }

  fault(expected: string, found: string): TokenizerError {
    const at = this.#next - this.#bytes.length + this.#at
    const advice = 'give a whole .gguf file (of a split model, the first), or a folder with tokenizer.json'
    return new TokenizerError('files', `${this.#path}: expected ${expected} at byte ${at}, found ${found}; ${advice}`)
  }

  /** Makes sure that `count` bytes can be read. */
  async need(count: number): Promise<void> {
    const rest = this.#bytes.length - this.#at
    if (rest >= count) return
    const grown = new Uint8Array(Math.max(count, CHUNK))
    grown.set(this.#bytes.subarray(this.#at))
    let filled = rest
    while (filled < count) {
      const { bytesRead } = await this.#file.read(grown, filled, grown.length - filled, this.#next)
      if (bytesRead === 0) throw this.fault(`${count - filled} more bytes`, 'the end of the file')
      filled += bytesRead
      this.#next += bytesRead
    }
    this.#bytes = grown.subarray(0, filled)
    this.#view = new DataView(grown.buffer)
    this.#at = 0
  }

  u32(): number {
    this.#at += 4
    return this.#view.getUint32(this.#at - 4, true)
  }

  u64(): number {
    this.#at += 8
    return Number(this.#view.getBigUint64(this.#at - 8, true))
  }

  async string(): Promise<string> {
    await this.need(8)
    const length = this.u64()
    if (length > LONGEST_STRING) throw this.fault('a string', `one of ${length} bytes`)
    await this.need(length)
    this.#at += length
    return decoder.decode(this.#bytes.subarray(this.#at - length, this.#at))
  }

  async value(type: number): Promise<GgufValue> {
    if (type === STRING) return await this.string()
    if (type === ARRAY) return await this.#array()
    await this.need(this.#sizeOf(type))
    return this.#scalar(type)
  }

  async #array(): Promise<GgufValue[]> {
    await this.need(12)
    const type = this.u32()
    const count = this.u64()
    if (count > MOST_ITEMS) throw this.fault('an array', `one of ${count} items`)
    const items: GgufValue[] = []
    if (type === STRING || type === ARRAY) {
      for (let i = 0; i < count; i++) items.push(await this.value(type))
      return items
    }
    await this.need(count * this.#sizeOf(type))
    for (let i = 0; i < count; i++) items.push(this.#scalar(type))
    return items
  }

  #sizeOf(type: number): number {
    const size = SIZES.get(type)
    if (size === undefined) throw this.fault('a known type of value', `type ${type}`)
    return size
  }

  #scalar(type: number): GgufValue {
    const at = this.#at
    this.#at += this.#sizeOf(type)
    switch (type) {
      case 0:
        return this.#view.getUint8(at)
      case 1:
        return this.#view.getInt8(at)
      case 2:
        return this.#view.getUint16(at, true)
      case 3:
        return this.#view.getInt16(at, true)
      case 4:
        return this.#view.getUint32(at, true)
      case 5:
        return this.#view.getInt32(at, true)
      case 6:
        return this.#view.getFloat32(at, true)
      case 7:
        return this.#view.getUint8(at) !== 0
      case 10:
        return Number(this.#view.getBigUint64(at, true))
      case 11:
        return Number(this.#view.getBigInt64(at, true))
      default:
        return this.#view.getFloat64(at, true)
    }
  }
}
