import type { BlockBooking } from '../core/prefix-index.ts'
import type { PromptKeys } from './prepared-workload.ts'
import type { PromptTree } from './prompt-tree.ts'

/** The claim of a dispatched prompt whose first token has not come. */
export interface PendingPrompt extends BlockBooking {
  readonly keys: PromptKeys
}

/**
 * Prompts that a router has dispatched and whose first token has not come: their blocks count as held, because the
 * engine will have computed them before it comes to the next request.
 */
export class PendingPrompts {
  readonly #tree: PromptTree
  /** By edge of the tree: the prompts that lead over it. */
  readonly #byEdge: (PendingPrompt[] | undefined)[]

  /** `tree` holds the prompts in the router's blocks. */
  constructor(tree: PromptTree) {
    this.#tree = tree
    this.#byEdge = Array.from({ length: tree.edges }, () => undefined)
  }

  add(prompt: PendingPrompt): void {
    const { paths, pathStarts } = this.#tree
    const { request } = prompt.keys
    for (let place = pathStarts[request]!; place < pathStarts[request + 1]!; place++) {
      const edge = paths[place]!
      const list = this.#byEdge[edge]
      if (list === undefined) this.#byEdge[edge] = [prompt]
      else list.push(prompt)
    }
  }

  /** Does nothing when the prompt is not pending any more. */
  remove(prompt: PendingPrompt): void {
    const { paths, pathStarts } = this.#tree
    const { request } = prompt.keys
    for (let place = pathStarts[request]!; place < pathStarts[request + 1]!; place++) {
      const list = this.#byEdge[paths[place]!]
      const at = list?.indexOf(prompt) ?? -1
      if (list === undefined || at < 0) return
      list[at] = list.at(-1) ?? prompt
      list.pop()
    }
  }

  clear(slot: number): void {
    const prompts = new Set(this.#byEdge.flatMap((list) => list ?? []))
    for (const prompt of prompts) if (prompt.slot === slot) this.remove(prompt)
  }

  /** Raises each slot's match to what the prompt shares with a pending one there. */
  raise({ request, count }: PromptKeys, into: Uint32Array): void {
    const { paths, pathStarts, ends } = this.#tree
    for (let place = pathStarts[request]!; place < pathStarts[request + 1]!; place++) {
      const list = this.#byEdge[paths[place]!]
      if (list === undefined || list.length === 0) return
      const end = Math.min(count, ends[paths[place]!]!)
      for (const { slot, keys } of list) {
        const shared = Math.min(end, keys.count)
        if (into[slot]! < shared) into[slot] = shared
      }
    }
  }
}
