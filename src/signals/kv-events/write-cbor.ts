const UNSIGNED = 0
const BYTES = 2
const TEXT = 3
const LIST = 4
const NIL = 0xf6

/** What canonical CBOR is written from here: numbers from 0, text, bytes, lists and nil. */
export type CborValue = number | string | Uint8Array | Uint32Array | null | readonly CborValue[]

/** Writes a value in the core deterministic encoding of CBOR (RFC 8949, section 4.2.1): shortest forms only. */
export function writeCbor(value: CborValue): Uint8Array {
  const out: number[] = []
  write(out, value)
  return Uint8Array.from(out)
}

function write(out: number[], value: CborValue): void {
  if (value === null) out.push(NIL)
  else if (typeof value === 'number') writeHead(out, UNSIGNED, value)
  else if (typeof value === 'string') writeBytes(out, TEXT, new TextEncoder().encode(value))
  else if (value instanceof Uint8Array) writeBytes(out, BYTES, value)
  else {
    writeHead(out, LIST, value.length)
    for (const item of value) write(out, item)
  }
}

function writeBytes(out: number[], major: number, bytes: Uint8Array): void {
  writeHead(out, major, bytes.length)
  for (const byte of bytes) out.push(byte)
}

function writeHead(out: number[], major: number, value: number): void {
  if (!Number.isInteger(value) || value < 0 || value > 0xffff_ffff) {
    throw new RangeError(`expected a whole number from 0 to 4294967295, found ${value}`)
  }
  const lead = major << 5
  if (value < 24) out.push(lead | value)
  else if (value <= 0xff) out.push(lead | 24, value)
  else if (value <= 0xffff) out.push(lead | 25, value >>> 8, value & 0xff)
  else out.push(lead | 26, value >>> 24, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff)
}
