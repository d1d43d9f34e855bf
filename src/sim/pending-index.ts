import type { BlockKeys } from '../prefix/block-keys.ts'
import { PendingPrompts, type PendingPrompt } from './pending-prompts.ts'
import { promptKeys } from './prepared-workload.ts'
import type { PromptTree } from './prompt-tree.ts'

/**
 * The half of a prefix index that keeps what this router has dispatched: prompts count as held until their first token.
 * What the engines hold is the matter of the index that extends it.
 */
export class PendingIndex {
  protected readonly pending: PendingPrompts

  /** `promptTree` holds the prompts in the router's blocks. */
  constructor(promptTree: PromptTree) {
    this.pending = new PendingPrompts(promptTree)
  }

  setCapacity(): void {
    // What is asked or told of the caches shows what fits.
  }

  book(slot: number, keys: BlockKeys): PendingPrompt {
    const prompt = { slot, keys: promptKeys(keys) }
    this.pending.add(prompt)
    return prompt
  }

  confirm(booking: PendingPrompt): void {
    this.pending.remove(booking)
  }

  withdraw(booking: PendingPrompt): void {
    this.pending.remove(booking)
  }

  correct(): number {
    // By the time it is reported that blocks were missing, the request itself has put them there.
    return 0
  }
}
