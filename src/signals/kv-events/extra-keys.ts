import type { ExtraKey } from './kv-event.ts'
import { identifyPart } from './identify-part.ts'

/** What the `extra_keys` of an event say. */
export interface ExtraKeys {
  readonly perBlock: readonly (readonly ExtraKey[])[]
  readonly cacheSalt: string | undefined
  readonly loraName: string | undefined
}

const NONE: readonly ExtraKey[] = []

/**
 * Reads vLLM's `extra_keys`: for each block nil or a list whose entries mostly bear no tag. Text equal to the adapter's
 * name is the adapter; of the other texts of a prompt's first block the last one is the cache salt; any other text is
 * an image's identifier, and so is a pair of text and number; bytes are a digest of prompt embeddings. Entries tagged
 * `lora`, `mm`, `cache_salt` and `prompt_embeds` are read as well. Undefined when the value is no such list.
 */
export function readExtraKeys(
  value: unknown,
  blocks: number,
  startsPrompt: boolean,
  lora: Adapter,
): ExtraKeys | undefined {
  if (!Array.isArray(value) || value.length !== blocks) return undefined
  const entries: readonly unknown[] = value
  const perBlock: (readonly ExtraKey[])[] = []
  let cacheSalt: string | undefined
  let loraName = lora.name
  for (const entry of entries) {
    if (entry !== null && entry !== undefined && !Array.isArray(entry)) return undefined
    const block = readBlock(entry ?? [], { name: loraName, id: lora.id })
    loraName ??= block.lora
    const bare = startsPrompt && perBlock.length === 0 && block.salt === undefined
    cacheSalt ??= bare ? takeBareText(block.keys) : block.salt
    perBlock.push(block.keys.length === 0 ? NONE : block.keys)
  }
  return { perBlock, cacheSalt, loraName }
}

interface Adapter {
  readonly name: string | undefined
  readonly id: number | undefined
}

interface BlockParts {
  readonly keys: ExtraKey[]
  lora: string | undefined
  salt: string | undefined
}

function readBlock(parts: readonly unknown[], lora: Adapter): BlockParts {
  const block: BlockParts = { keys: [], lora: undefined, salt: undefined }
  for (const part of parts) {
    const read = readPart(part)
    if (read === undefined) block.keys.push({ kind: 'other', text: identifyPart(part) })
    else if ('lora' in read) block.lora = read.lora
    else if ('salt' in read) block.salt = read.salt
    else if (!isAdapter(read, part, lora)) block.keys.push(read)
  }
  return block
}

/** Writes `extra_keys` in the untagged form: adapter, images, salt, embeddings, as vLLM orders them. */
export function writeExtraKeys(
  perBlock: readonly (readonly ExtraKey[])[],
  loraName: string | undefined,
  cacheSalt: string | undefined,
): unknown[] {
  return perBlock.map((keys, block) => {
    const parts: unknown[] = loraName === undefined ? [] : [loraName]
    for (const key of keys) if (key.kind === 'multimodal') parts.push(writeMultimodal(key))
    if (block === 0 && cacheSalt !== undefined) parts.push(cacheSalt)
    for (const key of keys) {
      if (key.kind === 'embeddings') parts.push(new Uint8Array(Buffer.from(key.digest, 'hex')))
      if (key.kind === 'other') parts.push(['other', key.text, key.text])
    }
    return parts.length === 0 ? null : parts
  })
}

function writeMultimodal(key: Extract<ExtraKey, { kind: 'multimodal' }>): unknown {
  return key.offset === undefined ? key.identifier : [key.identifier, key.offset]
}

type Part = ExtraKey | { readonly lora: string } | { readonly salt: string }

function readPart(part: unknown): Part | undefined {
  if (typeof part === 'string') return { kind: 'multimodal', identifier: part, offset: undefined }
  if (typeof part === 'number') return { kind: 'other', text: String(part) }
  if (part instanceof Uint8Array) return { kind: 'embeddings', digest: Buffer.from(part).toString('hex') }
  if (!Array.isArray(part)) return undefined
  const [first, second, third]: readonly unknown[] = part
  if (typeof first !== 'string') return undefined
  if (part.length === 2 && typeof second === 'number') return { kind: 'multimodal', identifier: first, offset: second }
  return readTagged(first, second, third)
}

function readTagged(tag: string, second: unknown, third: unknown): Part | undefined {
  if (tag === 'prompt_embeds' && second instanceof Uint8Array) {
    return { kind: 'embeddings', digest: Buffer.from(second).toString('hex') }
  }
  if (typeof second !== 'string') return undefined
  if (tag === 'lora') return { lora: second }
  if (tag === 'cache_salt') return { salt: second }
  if (tag === 'mm') {
    return { kind: 'multimodal', identifier: second, offset: typeof third === 'number' ? third : 0 }
  }
  return tag === 'other' ? { kind: 'other', text: second } : undefined
}

/** Bare text equal to the adapter's name, or a bare number equal to its number, stands for the adapter. */
function isAdapter(key: ExtraKey, part: unknown, lora: Adapter): boolean {
  if (typeof part === 'number') return part === lora.id
  return key.kind === 'multimodal' && key.offset === undefined && key.identifier === lora.name
}

function takeBareText(keys: ExtraKey[]): string | undefined {
  const at = keys.findLastIndex((key) => key.kind === 'multimodal' && key.offset === undefined)
  if (at < 0) return undefined
  const [taken] = keys.splice(at, 1)
  return taken?.kind === 'multimodal' ? taken.identifier : undefined
}
