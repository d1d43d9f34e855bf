import type { BlockCache } from '../engine/block-cache.ts'
import type { EnginePrompts } from './prepared-workload.ts'

/** Endpoints whose engines have equal blocks, and the edges of prompts that were ever sent to each. */
interface Group {
  readonly blockTokens: number
  readonly prompts: EnginePrompts
  /** For each edge a row of bits, one per endpoint. */
  readonly sentTo: Int32Array
  /** For each edge and endpoint the answers under way there whose prompts lead over the whole edge. */
  readonly running: Uint16Array
}

/** What the exact view needs of an endpoint. */
export interface CacheOwner {
  readonly number: number
  readonly blockTokens: number
  readonly prompts: EnginePrompts
  /** The present engine's cache; a restart brings a new one. */
  readonly cache: BlockCache
  /** Times that a running sequence had to give its blocks back. */
  readonly preemptions: number
}

/**
 * How much of a prompt the engines really hold in their KV caches, asked of the caches themselves.
 *
 * An endpoint can hold only what was sent there, so only those are asked whose bit is set on an edge of the prompt's
 * path. An answer under way keeps its prompt's blocks in place, so that nobody has to be asked for them (where it was
 * never preempted). Caches evict ends before beginnings: what is held of any other edge is found by halving it.
 */
export class ExactMatches {
  /** Tokens of each request's prompt. */
  readonly promptTokens: Int32Array
  readonly #owners: readonly CacheOwner[]
  readonly #groups = new Map<number, Group>()
  readonly #rowWords: number
  readonly #open: Int32Array

  constructor(owners: readonly CacheOwner[], promptTokens: Int32Array) {
    this.#owners = owners
    this.promptTokens = promptTokens
    this.#rowWords = Math.ceil(owners.length / 32)
    this.#open = new Int32Array(this.#rowWords)
    for (const { blockTokens, prompts } of owners) {
      if (this.#groups.has(blockTokens)) continue
      const sentTo = new Int32Array(prompts.tree.edges * this.#rowWords)
      const running = new Uint16Array(prompts.tree.edges * owners.length)
      this.#groups.set(blockTokens, { blockTokens, prompts, sentTo, running })
    }
  }

  /** A request goes to an endpoint. */
  sent(owner: CacheOwner, request: number): void {
    const { prompts, sentTo } = this.#groupOf(owner)
    const { paths, pathStarts } = prompts.tree
    const bit = 1 << (owner.number & 31)
    for (let place = pathStarts[request]!; place < pathStarts[request + 1]!; place++) {
      sentTo[paths[place]! * this.#rowWords + (owner.number >>> 5)]! |= bit
    }
  }

  /** A request's answer has begun there (`change` 1), or is over (-1). */
  answering(owner: CacheOwner, request: number, change: 1 | -1): void {
    const { prompts, running } = this.#groupOf(owner)
    const { paths, pathStarts, ends } = prompts.tree
    const limit = Math.floor(this.promptTokens[request]! / owner.blockTokens)
    for (let place = pathStarts[request]!; place < pathStarts[request + 1]!; place++) {
      const edge = paths[place]!
      if (ends[edge]! > limit) return
      running[edge * this.#owners.length + owner.number]! += change
    }
  }

  /** Writes how many leading prompt tokens each endpoint holds. */
  match(request: number, into: Uint32Array): void {
    into.fill(0)
    for (const group of this.#groups.values()) this.#matchGroup(group, request, into)
  }

  /** How many leading blocks of the prompt one endpoint holds. */
  depth(owner: CacheOwner, request: number): number {
    const { prompts, sentTo } = this.#groupOf(owner)
    const { paths, pathStarts, starts, ends } = prompts.tree
    const { words } = prompts.keys[request]!
    const limit = Math.floor(this.promptTokens[request]! / owner.blockTokens)
    for (let place = pathStarts[request + 1]! - 1; place >= pathStarts[request]!; place--) {
      const edge = paths[place]!
      const start = starts[edge]!
      const row = sentTo[edge * this.#rowWords + (owner.number >>> 5)]!
      if (start >= limit || (row & (1 << (owner.number & 31))) === 0) continue
      const depth = heldWithin(owner.cache, words, start, Math.min(ends[edge]!, limit))
      if (depth > start) return depth
    }
    return 0
  }

  #matchGroup(group: Group, request: number, into: Uint32Array): void {
    const { paths, pathStarts, starts, ends } = group.prompts.tree
    const { words } = group.prompts.keys[request]!
    const limit = Math.floor(this.promptTokens[request]! / group.blockTokens)
    const open = this.#open.fill(-1)
    for (let place = pathStarts[request + 1]! - 1; place >= pathStarts[request]!; place--) {
      const edge = paths[place]!
      const start = starts[edge]!
      if (start >= limit) continue
      const end = Math.min(ends[edge]!, limit)
      for (let word = 0; word < open.length; word++) {
        let bits = group.sentTo[edge * open.length + word]! & open[word]!
        while (bits !== 0) {
          const bit = 31 - Math.clz32(bits)
          bits ^= 1 << bit
          const endpoint = 32 * word + bit
          const { cache, preemptions } = this.#owners[endpoint]!
          const kept = preemptions === 0 && group.running[edge * this.#owners.length + endpoint]! > 0
          const depth = kept ? end : heldWithin(cache, words, start, end)
          if (depth === start) continue
          into[endpoint] = depth * group.blockTokens
          open[word]! ^= 1 << bit
        }
      }
    }
  }

  #groupOf(owner: CacheOwner): Group {
    const group = this.#groups.get(owner.blockTokens)
    if (group === undefined) throw new Error(`no endpoint has blocks of ${owner.blockTokens} tokens`)
    return group
  }
}

/** The depth behind the last block of an edge that is held; `start` when none is. */
function heldWithin(cache: BlockCache, words: Uint32Array, start: number, end: number): number {
  if (cache.has(words[2 * end - 2]!, words[2 * end - 1]!)) return end
  if (!cache.has(words[2 * start]!, words[2 * start + 1]!)) return start
  let held = start + 1
  let missing = end
  while (missing - held > 1) {
    const middle = (held + missing) >>> 1
    if (cache.has(words[2 * middle - 2]!, words[2 * middle - 1]!)) held = middle
    else missing = middle
  }
  return held
}
