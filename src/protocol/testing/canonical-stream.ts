import { BlockHasher, type BlockNamespace } from '../../prefix/block-hasher.ts'
import { hashPrompt, type PromptIdentity } from '../prompt-identity.ts'
import type { RequestFormatError } from '../request-format-error.ts'
import { type Route, routeOf } from '../route.ts'
import { type ScannedRequest, scanRequest, type ScanResult } from '../scan-request.ts'

/** Takes down the canonical bytes of a prompt instead of hashing them. */
class StreamRecorder extends BlockHasher {
  readonly fed: number[] = []

  override begin(namespace: BlockNamespace, encoding = 0): void {
    super.begin(namespace, encoding)
    this.fed.length = 0
  }

  override update(bytes: Uint8Array, _view: DataView, start: number, end: number): void {
    for (const byte of bytes.subarray(start, end)) this.fed.push(byte)
  }

  override mark(byte: number): void {
    this.fed.push(byte)
  }

  override word(value: number): void {
    for (let shift = 0; shift < 32; shift += 8) this.fed.push((value >>> shift) & 0xff)
  }

  override text(value: string): void {
    this.fed.push(...new TextEncoder().encode(value))
  }
}

/** A request body: JSON text as it is, bytes as they are, anything else as JSON. */
type Body = unknown

export function bodyBytes(body: Body): Uint8Array {
  if (body instanceof Uint8Array) return body
  return new TextEncoder().encode(typeof body === 'string' ? body : JSON.stringify(body))
}

export function routeAt(path: string): Route {
  const route = routeOf('POST', path)
  if (route === undefined) throw new Error(`no route at ${path}`)
  return route
}

export function scanAt(path: string, body: Body): ScanResult {
  return scanRequest(routeAt(path), bodyBytes(body))
}

/** The scan of a body that must be right. */
export function scanned(path: string, body: Body): ScannedRequest {
  const result = scanAt(path, body)
  if (!result.ok) throw new Error(result.error.message)
  return result.value
}

/** The error of a body that must be wrong. */
export function faultOf(path: string, body: Body): RequestFormatError {
  const result = scanAt(path, body)
  if (result.ok) throw new Error('expected an error')
  return result.error
}

/** The canonical prompt, one character for each byte. */
export function streamOf(path: string, body: Body): string {
  const recorder = new StreamRecorder()
  hashPrompt(scanned(path, body), { model: 'm' }, recorder)
  let stream = ''
  for (const byte of recorder.fed) stream += String.fromCharCode(byte)
  return stream
}

/** The identity with blocks of 16 bytes. */
export function identityOf(path: string, body: Body, namespace: BlockNamespace = { model: 'm' }): PromptIdentity {
  return hashPrompt(scanned(path, body), namespace, new BlockHasher(16))
}

/** How many leading blocks two prompts share. */
export function sharedBlocks(one: PromptIdentity, other: PromptIdentity): number {
  const most = Math.min(one.blocks.count, other.blocks.count)
  for (let i = 0; i < most; i++) {
    const differs =
      one.blocks.words[2 * i] !== other.blocks.words[2 * i] ||
      one.blocks.words[2 * i + 1] !== other.blocks.words[2 * i + 1]
    if (differs) return i
  }
  return most
}

/** How many keys two prompts have in common anywhere. */
export function commonKeys(one: PromptIdentity, other: PromptIdentity): number {
  const keys = new Set(keyTexts(one))
  return keyTexts(other).filter((key) => keys.has(key)).length
}

function keyTexts({ blocks }: PromptIdentity): string[] {
  return Array.from({ length: blocks.count }, (_, i) => `${blocks.words[2 * i]}:${blocks.words[2 * i + 1]}`)
}
