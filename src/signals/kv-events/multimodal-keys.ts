import { identifyPart } from './identify-part.ts'
import type { ExtraKey } from './kv-event.ts'

/**
 * Reads the `mm_keys` of TensorRT-LLM: for each block a list of `{ hash, start_offset }`, where `start_offset` is the
 * position within the image at which the block begins. Undefined when the value is no such list.
 */
export function readMultimodalKeys(value: unknown, blocks: number): readonly (readonly ExtraKey[])[] | undefined {
  if (!Array.isArray(value) || value.length !== blocks) return undefined
  const entries: readonly unknown[] = value
  const perBlock: (readonly ExtraKey[])[] = []
  for (const entry of entries) {
    const keys = readBlock(entry)
    if (keys === undefined) return undefined
    perBlock.push(keys)
  }
  return perBlock
}

/** Writes `mm_keys`; what is no image has no place in it. */
export function writeMultimodalKeys(perBlock: readonly (readonly ExtraKey[])[]): unknown[] {
  return perBlock.map((keys) =>
    keys
      .filter((key) => key.kind === 'multimodal')
      .map((key) => ({ type: 'mm_key', hash: key.identifier, start_offset: key.offset ?? 0 })),
  )
}

function readBlock(entry: unknown): readonly ExtraKey[] | undefined {
  if (entry === null || entry === undefined) return []
  if (!Array.isArray(entry)) return undefined
  const parts: readonly unknown[] = entry
  return parts.map((part) => {
    if (part === null || typeof part !== 'object' || !('hash' in part) || typeof part.hash !== 'string') {
      return { kind: 'other', text: identifyPart(part) }
    }
    const offset = 'start_offset' in part && typeof part.start_offset === 'number' ? part.start_offset : undefined
    return { kind: 'multimodal', identifier: part.hash, offset }
  })
}
