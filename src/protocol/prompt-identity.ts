import type { BlockKeys } from '../prefix/block-keys.ts'
import type { BlockHasher, BlockNamespace } from '../prefix/block-hasher.ts'
import { type ByteSink, feedCanonicalJson, feedCanonicalString } from './canonical-json.ts'
import { LITERALS, MARK_SHIFT, type PromptPlan, STEP, STEP_WORDS } from './prompt-plan.ts'
import type { ScannedRequest } from './scan-request.ts'

/** What the scheduler knows of a prompt. */
export interface PromptIdentity {
  /** Keys of the first prompt's blocks. */
  readonly blocks: BlockKeys
  /** Canonical bytes of all prompts; 4 for each token id, 9 for each image or other medium. */
  readonly promptBytes: number
  /** True when the blocks are of token ids, 4 bytes each, and so hold a known number of them. */
  readonly tokenIds: boolean
  /** Tokens of all prompts, known where all are token ids. */
  readonly promptTokens: number | undefined
}

/** Values of the `encoding` of a stream. */
const TEXT = 0
const TOKEN_IDS = 1

const DATA_URL = 'data:'
const COMMA = 0x2c

/**
 * Hashes the prompt of a scanned request, in the order in which engines render it. Two requests of one namespace share
 * the keys of exactly the blocks up to the first difference of their canonical prompts; white space, the order of
 * members and the spelling of characters make none.
 */
export function hashPrompt(scan: ScannedRequest, namespace: BlockNamespace, hasher: BlockHasher): PromptIdentity {
  const plan = scan.prompt
  const { steps, tokenIds, promptTokens } = plan
  hasher.begin(namespace, tokenIds ? TOKEN_IDS : TEXT)
  for (let at = 0; at < steps.length; at += STEP_WORDS) {
    feedStep(plan, steps[at]!, steps[at + 1]!, steps[at + 2]!, hasher)
  }
  return { blocks: hasher.finish(), promptBytes: hasher.bytes + plan.otherBytes, tokenIds, promptTokens }
}

function feedStep(plan: PromptPlan, head: number, start: number, end: number, hasher: BlockHasher): void {
  const mark = head >> MARK_SHIFT
  if (mark !== 0) hasher.mark(mark)
  switch (head & ((1 << MARK_SHIFT) - 1)) {
    case STEP.range:
      hasher.update(plan.bytes, plan.view, start, end)
      return
    case STEP.string:
      feedCanonicalString(plan, start, end, hasher)
      return
    case STEP.json:
      feedCanonicalJson(plan, start, end, hasher)
      return
    case STEP.literal:
      hasher.text(LITERALS[start] ?? '')
      return
    case STEP.blob:
      feedDigest(plan.bytes, plan.view, start, end, hasher)
      return
    case STEP.escapedBlob:
      feedEscapedBlob(plan, start, end, hasher)
      return
    case STEP.tokenIds:
      feedTokenIds(plan.view, start, end, hasher)
      return
    default:
  }
}

/** Feeds the digest of a URL, or of the data alone where it is a `data:` URL. */
function feedDigest(bytes: Uint8Array, view: DataView, start: number, end: number, hasher: BlockHasher): void {
  const [low, high] = hasher.digest(bytes, view, dataStart(bytes, start, end), end)
  hasher.word(low)
  hasher.word(high)
}

/** A copy of the blob without its escapes: base64 of some encoders is full of `\/`. */
function feedEscapedBlob(plan: PromptPlan, start: number, end: number, hasher: BlockHasher): void {
  const copy = new ByteCopy(end - start)
  feedCanonicalString(plan, start, end, copy)
  feedDigest(copy.bytes, copy.view, 0, copy.length, hasher)
}

function dataStart(bytes: Uint8Array, start: number, end: number): number {
  if (end - start < DATA_URL.length) return start
  for (let i = 0; i < DATA_URL.length; i++) if (bytes[start + i] !== DATA_URL.charCodeAt(i)) return start
  for (let i = start; i < end; i++) if (bytes[i] === COMMA) return i + 1
  return start
}

/** Feeds each number of a JSON array of whole numbers as a word, modulo 2^32. */
function feedTokenIds(view: DataView, start: number, end: number, hasher: BlockHasher): void {
  for (let i = start; i < end; i++) {
    let digit = view.getUint8(i) - 0x30
    if (digit < 0 || digit > 9) continue
    let id = 0
    // The closing bracket ends the last number.
    while (digit >= 0 && digit <= 9) {
      id = (Math.imul(id, 10) + digit) | 0
      digit = view.getUint8(++i) - 0x30
    }
    hasher.word(id)
  }
}

/** Collects bytes; the canonical form is never longer than what it came from. */
class ByteCopy implements ByteSink {
  readonly bytes: Uint8Array
  readonly view: DataView
  length = 0

  constructor(capacity: number) {
    this.bytes = new Uint8Array(capacity)
    this.view = new DataView(this.bytes.buffer)
  }

  update(bytes: Uint8Array, _view: DataView, start: number, end: number): void {
    this.bytes.set(bytes.subarray(start, end), this.length)
    this.length += end - start
  }

  mark(byte: number): void {
    this.bytes[this.length++] = byte
  }
}
