const LONGEST = 60

/** Says briefly what a decoded value is, for a message: `text "GPU"`, `a list of 3`, `bytes (32)`. */
export function describeValue(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (value === null) return 'nil'
  if (typeof value === 'string') return `text ${JSON.stringify(shorten(value))}`
  if (Array.isArray(value)) return `a list of ${value.length}`
  if (value instanceof Uint8Array) return `bytes (${value.length})`
  if (typeof value === 'object') return `a map with ${shorten(Object.keys(value).slice(0, 6).join(', ')) || 'no keys'}`
  if (typeof value === 'number' || typeof value === 'bigint') return `number ${value}`
  return typeof value === 'boolean' ? String(value) : typeof value
}

/** The first bytes of a message that is no batch, as hexadecimal and, where they print, as text. */
export function describeBytes(bytes: Uint8Array): string {
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, 16))
  const text = head.toString('latin1').replaceAll(/[^\x20-\x7e]/g, '.')
  return `${bytes.length} bytes: ${head.toString('hex')}${bytes.length > head.length ? '...' : ''} ("${text}")`
}

function shorten(text: string): string {
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}...` : text
}
