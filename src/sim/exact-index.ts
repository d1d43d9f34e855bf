import type { PrefixIndex } from '../core/prefix-index.ts'
import type { BlockKeys } from '../prefix/block-keys.ts'
import type { ExactMatches } from './exact-matches.ts'
import { PendingIndex } from './pending-index.ts'
import { promptKeys, ROUTER_BLOCK_TOKENS } from './prepared-workload.ts'
import type { PromptTree } from './prompt-tree.ts'
import type { RunningEndpoint } from './running-endpoint.ts'

/**
 * An index that is always right: it asks the engines' own caches, answers of earlier turns included, and adds the prompts
 * that this router has dispatched. A block in host memory counts for what it saves: one minus the share that loading
 * costs. Endpoints have to be added in their order.
 */
export class ExactIndex extends PendingIndex implements PrefixIndex {
  readonly #matches: ExactMatches
  readonly #endpoints: readonly RunningEndpoint[]
  readonly #hosted: readonly RunningEndpoint[]
  #slots = 0

  constructor(matches: ExactMatches, endpoints: readonly RunningEndpoint[], promptTree: PromptTree) {
    super(promptTree)
    this.#matches = matches
    this.#endpoints = endpoints
    this.#hosted = endpoints.filter(({ spec }) => spec.hostTokens > 0)
  }

  addEndpoint(): number {
    return this.#slots++
  }

  removeEndpoint(slot: number): void {
    this.pending.clear(slot)
  }

  match(keys: BlockKeys, into: Uint32Array): void {
    const prompt = promptKeys(keys)
    const { request } = prompt
    this.#matches.match(request, into)
    for (const endpoint of this.#hosted) {
      into[endpoint.number]! += endpoint.hostCredit(
        request,
        this.#matches.promptTokens[request]!,
        into[endpoint.number]!,
      )
    }
    for (let slot = 0; slot < this.#endpoints.length; slot++) {
      into[slot] = Math.min(keys.count, Math.floor(into[slot]! / ROUTER_BLOCK_TOKENS))
    }
    this.pending.raise(prompt, into)
  }

  clear(slot: number): void {
    this.pending.clear(slot)
  }

  held(slot: number): number {
    return Math.floor((this.#endpoints[slot]?.cachedTokens ?? 0) / ROUTER_BLOCK_TOKENS)
  }
}
