/** A value with its GGUF type number. */
export type Typed =
  | { readonly type: 8; readonly value: string }
  | { readonly type: 9; readonly of: number; readonly value: readonly (string | number)[] }
  | { readonly type: number; readonly value: number }

/** The bytes of a `.gguf` header with these pairs and no tensors. */
export function ggufBytes(pairs: Readonly<Record<string, Typed>>, version = 3): Uint8Array {
  const bytes: number[] = [0x47, 0x47, 0x55, 0x46]
  const int = (value: number, size: number): void => {
    const view = new DataView(new ArrayBuffer(8))
    view.setBigInt64(0, BigInt(value), true)
    for (let i = 0; i < size; i++) bytes.push(view.getUint8(i))
  }
  const text = (value: string): void => {
    const encoded = new TextEncoder().encode(value)
    int(encoded.length, 8)
    bytes.push(...encoded)
  }
  const scalar = (type: number, value: number): void => {
    if (type === 6 || type === 12) {
      const view = new DataView(new ArrayBuffer(8))
      if (type === 6) view.setFloat32(0, value, true)
      else view.setFloat64(0, value, true)
      for (let i = 0; i < (type === 6 ? 4 : 8); i++) bytes.push(view.getUint8(i))
    } else int(value, [1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8][type] ?? 8)
  }
  int(version, 4)
  int(0, 8)
  int(Object.keys(pairs).length, 8)
  for (const [key, typed] of Object.entries(pairs)) {
    text(key)
    int(typed.type, 4)
    if ('of' in typed) {
      int(typed.of, 4)
      int(typed.value.length, 8)
      for (const item of typed.value) {
        if (typeof item === 'string') text(item)
        else scalar(typed.of, item)
      }
    } else if (typeof typed.value === 'string') text(typed.value)
    else scalar(typed.type, typed.value)
  }
  return Uint8Array.from(bytes)
}
