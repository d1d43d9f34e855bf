import { prefillSeconds } from '../core/rates.ts'
import type { BlockCache } from '../engine/block-cache.ts'
import type { CacheWatch } from './cache-watch.ts'
import type { Call } from './call.ts'
import { HostMemory } from './host-memory.ts'
import type { PromptTree } from './prompt-tree.ts'
import type { SimulatedEndpoint } from './scenario.ts'

/** What a token costs to load, as a share of what it costs to compute: Dynamo credits a block in host memory 0.75. */
const LOAD_SHARE = 0.25

const NOTHING_SEEN = new Int32Array(0)

/**
 * Brings blocks from host memory back into the KV cache before a request enters the engine's queue, as vLLM's connectors
 * do: loads go one after the other, beside the engine's steps.
 */
export class HostLoader {
  readonly memory: HostMemory
  readonly #spec: SimulatedEndpoint
  readonly #share: number
  #freeAt = 0
  #blocks = new Int32Array(1024)

  constructor(spec: SimulatedEndpoint, tree: PromptTree) {
    this.#spec = spec
    this.#share = spec.hostLoadShare ?? LOAD_SHARE
    this.memory = new HostMemory(Math.floor(spec.hostTokens / spec.profile.blockSize), tree)
  }

  /** Tokens of computing that the blocks behind the first `held` spare. */
  credit(request: number, promptTokens: number, held: number): number {
    return (1 - this.#share) * this.#run(request, promptTokens, held) * this.#spec.profile.blockSize
  }

  /** Starts a load for a call; returns when it ends, or -1 when there is nothing to load. */
  start(call: Call, held: number, at: number): number {
    const { blockSize, rates } = this.#spec.profile
    const tokens = this.#run(call.number, call.promptTokens, held) * blockSize
    if (tokens === 0) return -1
    const compute = prefillSeconds(rates, tokens, held * blockSize) - prefillSeconds(rates, 0, 0)
    this.#freeAt = Math.max(this.#freeAt, at) + this.#share * compute
    return this.#freeAt
  }

  /** The load is over: puts the blocks that are still missing into the KV cache, as many as fit. */
  finish(call: Call, cache: BlockCache, watch: CacheWatch): void {
    const limit = Math.floor((call.promptTokens - 1) / this.#spec.profile.blockSize)
    if (this.#blocks.length < limit) this.#blocks = new Int32Array(2 * limit)
    const blocks = this.#blocks
    const held = cache.match(call.keys, limit, blocks)
    const wanted = held + this.memory.run(call.number, held, limit)
    const short = Math.max(0, cache.freeNeeded(blocks, held, wanted) - cache.free)
    const total = Math.max(held, wanted - short)
    if (total === held) return
    cache.acquire(blocks, held, total)
    const { words } = call.keys
    for (let i = held; i < total; i++) cache.register(blocks[i]!, words[2 * i]!, words[2 * i + 1]!)
    const seen = { number: call.number, seen: NOTHING_SEEN, seenBlocks: 0, seenKeyed: 0 }
    watch.see(seen, blocks, total, total, held)
    cache.release(blocks, total)
    this.memory.touch(call.number, held, total)
  }

  /** Blocks in a row that host memory holds behind the first `held`; the prompt's last token is computed in any case. */
  #run(request: number, promptTokens: number, held: number): number {
    return this.memory.run(request, held, Math.floor((promptTokens - 1) / this.#spec.profile.blockSize))
  }
}
