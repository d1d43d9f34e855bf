import type { Workload } from '../workload/workload.ts'
import { arrivalsOf } from './arrivals.ts'
import { prepareWorkload } from './prepared-workload.ts'
import type { PromptTree } from './prompt-tree.ts'
import { TimeQueue } from './time-queue.ts'

/**
 * What one cache for all endpoints keeps when it is full: what was used last (`lru`), or what will be used next
 * (`belady`, which knows the future and is the best there is).
 */
export type Retention = 'lru' | 'belady'

/**
 * Tokens of each prompt (by number of the request) that a cache of `capacityTokens` tokens for all endpoints together
 * would hold at its arrival, in whole blocks and without the prompt's last token, which is always computed. With `belady`
 * no router and no cache of that total size can hold more of all prompts together; with `lru` it is a yardstick, which
 * separate caches may beat where one of them is spared what sweeps through the others.
 */
export function pooledReuse(
  workload: Workload,
  blockTokens: number,
  capacityTokens: number,
  retention: Retention,
): Int32Array {
  const prepared = prepareWorkload(workload)
  const { tree } = prepared.enginePrompts(blockTokens)
  const { order } = arrivalsOf(prepared)
  const capacity = Math.floor(capacityTokens / blockTokens)
  const cache = retention === 'lru' ? new PooledCache(tree, capacity) : new PooledCache(tree, capacity, order)
  const cached = new Int32Array(order.length)
  for (const [turn, request] of order.entries()) {
    const most = Math.max(0, Math.floor((prepared.requests[request]!.recorded.promptTokens - 1) / blockTokens))
    cached[request] = Math.min(most, cache.held(request)) * blockTokens
    cache.use(request, turn)
  }
  return cached
}

/** Tokens of each prompt that a cache that forgets nothing would hold at its arrival; otherwise as `pooledReuse`. */
export function endlessReuse(workload: Workload, blockTokens: number): Int32Array {
  return pooledReuse(workload, blockTokens, Number.POSITIVE_INFINITY, 'lru')
}

const NEVER = 0xffffffff

/**
 * The cache, edge by edge of the tree: the blocks of an edge are always used together, and given up from its end. Every
 * use of an edge uses the ones above it too, so an edge is never given up before the ones below it.
 */
class PooledCache {
  readonly #tree: PromptTree
  readonly #capacity: number
  /** By edge: blocks held from its start, and what its worth is now; the lowest worth is given up first. */
  readonly #blocks: Int32Array
  readonly #worth: Float64Array
  /** Edges by worth. What an edge was worth before it was used again is still in there, and is passed over. */
  readonly #victims = new TimeQueue()
  /** By place in the tree's paths: the turn in which its edge is used next; absent without knowledge of the future. */
  readonly #nextUse: Uint32Array | undefined
  #total = 0

  /** With the order of requests given, the cache knows the future. */
  constructor(tree: PromptTree, capacity: number, order?: readonly number[]) {
    this.#tree = tree
    this.#capacity = capacity
    this.#blocks = new Int32Array(tree.edges)
    this.#worth = new Float64Array(tree.edges)
    this.#nextUse = order === undefined ? undefined : nextUses(tree, order)
  }

  /** Leading blocks of the request's prompt and answer that are held. */
  held(request: number): number {
    const { paths, pathStarts, starts, ends } = this.#tree
    let depth = 0
    for (let place = pathStarts[request]!; place < pathStarts[request + 1]!; place++) {
      const edge = paths[place]!
      depth = starts[edge]! + this.#blocks[edge]!
      if (depth < ends[edge]!) break
    }
    return depth
  }

  /** The request has come as the `turn`-th: its blocks are held now, as far as they are worth it. */
  use(request: number, turn: number): void {
    const { paths, pathStarts, starts, ends } = this.#tree
    const first = pathStarts[request]!
    for (let place = first; place < pathStarts[request + 1]!; place++) {
      const edge = paths[place]!
      const next = this.#nextUse?.[place]
      if (next === NEVER) {
        this.#resize(edge, 0)
        continue
      }
      this.#resize(edge, ends[edge]! - starts[edge]!)
      // The worth falls with the time to the next use, or since the last one, and a little with every edge before.
      this.#worth[edge] = (next === undefined ? turn + 1 : -next) - (place - first) * 2 ** -20
      this.#victims.add(this.#worth[edge], 0, edge)
    }
    while (this.#total > this.#capacity) this.#giveUp()
  }

  #giveUp(): void {
    const worth = this.#victims.firstAt
    this.#victims.take()
    const edge = this.#victims.subject
    if (this.#worth[edge] !== worth) return
    const given = Math.min(this.#blocks[edge]!, this.#total - this.#capacity)
    this.#resize(edge, this.#blocks[edge]! - given)
    if (this.#blocks[edge]! > 0) this.#victims.add(worth, 0, edge)
  }

  #resize(edge: number, blocks: number): void {
    this.#total += blocks - this.#blocks[edge]!
    this.#blocks[edge] = blocks
  }
}

/** For each place in the paths the turn of the next request over the same edge, `NEVER` for the last one. */
function nextUses({ paths, pathStarts, edges }: PromptTree, order: readonly number[]): Uint32Array {
  const next = new Uint32Array(paths.length)
  const upcoming = new Uint32Array(edges).fill(NEVER)
  for (let turn = order.length - 1; turn >= 0; turn--) {
    const request = order[turn]!
    for (let place = pathStarts[request]!; place < pathStarts[request + 1]!; place++) {
      next[place] = upcoming[paths[place]!]!
      upcoming[paths[place]!] = turn
    }
  }
  return next
}
