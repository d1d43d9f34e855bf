import type { RemovedBlocks, StoredBlocks } from '../block-events.ts'
import { type Tier, TIERS } from '../tier-copies.ts'
import { namespaceSeed, tokenBlockKeys, type TokenKeys } from '../token-block-keys.ts'

export const BLOCK_TOKENS = 4

/**
 * A block is named by its path in the tree of prompts, a string with one letter for each block, behind a digit for what
 * an engine keeps apart without telling (`variant`): blocks of different variants have different engine hashes, but the
 * same tokens.
 */
export interface NamedBlock {
  readonly variant: number
  readonly path: string
}

/** The engine's hash of a block, made so that hashes of different blocks share most of their bits. */
export function hashOf({ variant, path }: NamedBlock): bigint {
  let hash = BigInt(variant + 1)
  for (const letter of path) hash = hash * 4n + BigInt(letter.charCodeAt(0) - 96)
  return (hash << 40n) | (hash & 3n)
}

export function tokensOf(path: string): Uint32Array {
  const tokens = new Uint32Array(path.length * BLOCK_TOKENS)
  for (let at = 0; at < tokens.length; at++) {
    tokens[at] = path.charCodeAt(Math.floor(at / BLOCK_TOKENS)) * 10 + (at % BLOCK_TOKENS)
  }
  return tokens
}

export function keysOf(path: string): TokenKeys {
  return tokenBlockKeys(tokensOf(path), BLOCK_TOKENS, namespaceSeed({}, BLOCK_TOKENS))
}

export interface Placement {
  readonly tier?: Tier | undefined
  readonly groupIndex?: number | undefined
  readonly groupKind?: string | undefined
}

/** The report that the last `count` blocks of a path are stored. */
export function storedEvent({ variant, path }: NamedBlock, count: number, placement: Placement = {}): StoredBlocks {
  const first = path.length - count
  const hashes = Array.from({ length: count }, (_, at) => hashOf({ variant, path: path.slice(0, first + at + 1) }))
  return {
    blockHashes: hashes,
    parentHash: first === 0 ? undefined : hashOf({ variant, path: path.slice(0, first) }),
    tokenIds: tokensOf(path).subarray(first * BLOCK_TOKENS),
    blockSize: BLOCK_TOKENS,
    ...placement,
  }
}

export function removedEvent(blocks: readonly NamedBlock[], placement: Placement = {}): RemovedBlocks {
  return { blockHashes: blocks.map(hashOf), ...placement }
}

/** How many copies of which block there are: what an endpoint holds if its reports are taken word for word. */
export class ReportedModel {
  /** By the block's name: copies by tier and group. */
  readonly #copies = new Map<string, Map<string, number>>()
  readonly #groups = new Set<number>()
  readonly #maxCopies: number

  constructor(maxCopies: number) {
    this.#maxCopies = maxCopies
  }

  store(block: NamedBlock, count: number, { tier = 'gpu', groupIndex = 0 }: Placement): void {
    this.#groups.add(groupIndex)
    for (let depth = block.path.length - count + 1; depth <= block.path.length; depth++) {
      const copies = this.#of(block.variant, block.path.slice(0, depth))
      const place = `${tier} ${groupIndex}`
      copies.set(place, Math.min(this.#maxCopies, (copies.get(place) ?? 0) + 1))
    }
  }

  remove(block: NamedBlock, { tier = 'gpu', groupIndex = 0 }: Placement): void {
    const copies = this.#of(block.variant, block.path)
    const place = `${tier} ${groupIndex}`
    copies.set(place, Math.max(0, (copies.get(place) ?? 0) - 1))
  }

  clear(): void {
    this.#copies.clear()
    this.#groups.clear()
  }

  /** True when every group has the block in that tier. */
  holds(block: NamedBlock, tier: Tier): boolean {
    const copies = this.#of(block.variant, block.path)
    return this.#groups.size > 0 && [...this.#groups].every((group) => (copies.get(`${tier} ${group}`) ?? 0) > 0)
  }

  /** The nearest tier of each leading block, `variant` by `variant`: the longest run in GPU memory, the longest at all. */
  runs(path: string, variants: number): { readonly gpu: number; readonly any: number } {
    let gpu = 0
    let any = 0
    for (let variant = 0; variant < variants; variant++) {
      const held = (depth: number, tiers: readonly Tier[]): boolean =>
        tiers.some((tier) => this.holds({ variant, path: path.slice(0, depth) }, tier))
      let depth = 0
      while (depth < path.length && held(depth + 1, ['gpu'])) depth++
      gpu = Math.max(gpu, depth)
      while (depth < path.length && held(depth + 1, TIERS)) depth++
      any = Math.max(any, depth)
    }
    return { gpu, any }
  }

  /** How many blocks each tier is the nearest of, behind the longest run in GPU memory; of variant 0. */
  behind(path: string): number[] {
    const { gpu, any } = this.runs(path, 1)
    const counts = TIERS.map(() => 0)
    for (let depth = gpu + 1; depth <= any; depth++) {
      counts[TIERS.findIndex((tier) => this.holds({ variant: 0, path: path.slice(0, depth) }, tier))]!++
    }
    return counts
  }

  /** Blocks of GPU memory, and of any. */
  held(): { readonly gpu: number; readonly any: number } {
    let gpu = 0
    let any = 0
    for (const name of this.#copies.keys()) {
      const block = { variant: Number(name[0]), path: name.slice(1) }
      if (this.holds(block, 'gpu')) gpu++
      if (TIERS.some((tier) => this.holds(block, tier))) any++
    }
    return { gpu, any }
  }

  /** Every block with its copies, as stores of one block each, parents and children in no order. */
  snapshot(): { readonly block: NamedBlock; readonly placement: Placement }[] {
    return [...this.#copies].flatMap(([name, copies]) =>
      [...copies].flatMap(([place, count]) => {
        const [tier, group] = place.split(' ')
        const placement = { tier: TIERS.find((known) => known === tier), groupIndex: Number(group) }
        return Array.from({ length: count }, () => ({
          block: { variant: Number(name[0]), path: name.slice(1) },
          placement,
        }))
      }),
    )
  }

  #of(variant: number, path: string): Map<string, number> {
    const name = `${variant}${path}`
    let copies = this.#copies.get(name)
    if (copies === undefined) {
      copies = new Map()
      this.#copies.set(name, copies)
    }
    return copies
  }
}
