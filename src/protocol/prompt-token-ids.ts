import { type PromptPlan, STEP, STEP_WORDS, MARK_SHIFT } from './prompt-plan.ts'

const ZERO = 0x30
const NINE = 0x39

/** The token ids of a plan's first prompt, modulo 2^32; undefined when it is text. */
export function promptTokenIds({ bytes, steps, tokenIds }: PromptPlan): Uint32Array | undefined {
  if (!tokenIds) return undefined
  for (let at = 0; at < steps.length; at += STEP_WORDS) {
    const kind = steps[at]! & ((1 << MARK_SHIFT) - 1)
    if (kind === STEP.tokenIds) return readIds(bytes, steps[at + 1]!, steps[at + 2]!)
  }
  return undefined
}

/** Reads a JSON array of whole numbers, which has been checked to be one. */
function readIds(bytes: Uint8Array, start: number, end: number): Uint32Array {
  // Each number takes a digit and a comma at least.
  const ids = new Uint32Array((end - start + 1) >>> 1)
  let count = 0
  for (let at = start; at < end; at++) {
    if (!isDigit(bytes[at])) continue
    let id = 0
    for (; at < end && isDigit(bytes[at]); at++) id = (Math.imul(id, 10) + bytes[at]! - ZERO) | 0
    ids[count++] = id
  }
  return ids.subarray(0, count)
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= ZERO && byte <= NINE
}
