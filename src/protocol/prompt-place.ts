import { MARK, MARK_SHIFT, type PromptPlan, STEP } from './prompt-plan.ts'
import type { ByteRange } from './request-fields.ts'

/**
 * Where the one text prompt of a completion stands in its body, with its quotes. Undefined where it is something else:
 * several prompts, token ids, a chat, a prompt with a suffix behind it.
 */
export function promptPlace({ steps, prompts }: PromptPlan): ByteRange | undefined {
  const [head, start, end, more] = steps
  if (head === undefined || start === undefined || end === undefined || more !== undefined || prompts !== 1) {
    return undefined
  }
  const kind = head & ((1 << MARK_SHIFT) - 1)
  const isText = kind === STEP.range || kind === STEP.string
  return isText && head >> MARK_SHIFT === MARK.prompt ? { start: start - 1, end: end + 1 } : undefined
}
