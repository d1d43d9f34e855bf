import type { Pool } from '../core/pool.ts'
import type { TokenBlocks } from '../core/token-blocks.ts'
import type { CombinedIndex } from '../prefix/combined-index.ts'
import { namespaceSeed, tokenBlockKeys } from '../prefix/token-block-keys.ts'

export interface TokenBlocksParts {
  readonly index: CombinedIndex
  /** Slots of the endpoints that publish events; another array after each change. */
  readonly slots: () => readonly number[]
  /** The name of the adapter under which a model is served; undefined for a model of its own. */
  readonly adapterOf: (model: string) => string | undefined
}

/** What was found out of a pool, and of what it holds as long as that is the same. */
interface PoolBlocks {
  readonly endpoints: Pool['endpoints']
  readonly slots: readonly number[]
  readonly layout: number
  /** True when some endpoint of the pool publishes events. */
  readonly wanted: boolean
  /** Tokens in their blocks, as far as they have said it. */
  readonly sizes: readonly number[]
}

/** Cuts prompts into the blocks of the endpoints that publish events, relied on or not: they show whether they can be. */
export function createTokenBlocks({ index: { exact }, slots, adapterOf }: TokenBlocksParts): TokenBlocks {
  const known = new WeakMap<Pool, PoolBlocks>()
  return {
    wantedBy: (pool) => blocksOf(pool).wanted,
    keysOf(tokens, { pool, model, cacheSalt }) {
      const { sizes } = blocksOf(pool)
      if (sizes.length === 0) return []
      const adapter = adapterOf(model)
      return sizes.map((size) => tokenBlockKeys(tokens, size, namespaceSeed({ adapter, cacheSalt }, size)))
    },
  }

  /** Endpoints and their blocks change seldom, requests come often. */
  function blocksOf(pool: Pool): PoolBlocks {
    const last = known.get(pool)
    const { layout } = exact
    if (last?.endpoints === pool.endpoints && last.slots === slots() && last.layout === layout) return last
    const found = findBlocks(pool, layout)
    known.set(pool, found)
    return found
  }

  function findBlocks({ endpoints }: Pool, layout: number): PoolBlocks {
    const publishing = slots()
    const own = new Set(publishing)
    const publishers = endpoints.filter(({ slot }) => own.has(slot))
    const sizes = new Set(publishers.map(({ slot }) => exact.blockTokens(slot)))
    // Until its first event an endpoint has not said how long its blocks are.
    sizes.delete(0)
    return { endpoints, slots: publishing, layout, wanted: publishers.length > 0, sizes: [...sizes] }
  }
}
