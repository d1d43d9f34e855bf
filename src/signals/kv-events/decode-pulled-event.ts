import { z } from 'zod'
import { type BlockHash, toBlockHash } from './block-hash.ts'
import { describeValue } from './describe-value.ts'
import type { BlocksRemoved, BlocksStored, CacheTier, ExtraKey, KvEvent, KvEventBatch, SkipReason } from './kv-event.ts'
import { readMultimodalKeys } from './multimodal-keys.ts'
import { type BlockTokens, readBlockTokens } from './pulled-tokens.ts'

export interface PullOptions {
  /** Tokens of a full block, the engine's `tokens_per_block`. Without it the longest block of an event is full. */
  readonly tokensPerBlock?: number
  /** Kind of attention of the entry's layers where it is not one that keeps whole prefixes. */
  readonly groupKind?: string
}

const hash = z.unknown().transform((value, context): BlockHash => {
  const read = toBlockHash(value)
  if (read !== undefined) return read
  context.addIssue({ code: 'custom', message: `expected a hash, found ${describeValue(value)}` })
  return z.NEVER
})
const size = z.number().int().nonnegative()
const tokens = z.unknown().transform((value, context): BlockTokens => {
  const read = readBlockTokens(value)
  if (read !== undefined) return read
  context.addIssue({ code: 'custom', message: `expected a list of tokens with ids, found ${describeValue(value)}` })
  return z.NEVER
})
const block = z.object({
  block_hash: hash,
  tokens,
  cache_level: size.default(0),
  cache_salt: z.string().nullish(),
  mm_keys: z.unknown().optional(),
})
const stored = z.object({ type: z.literal('stored'), parent_hash: hash.nullish(), blocks: z.array(block) })
const removed = z.object({ type: z.literal('removed'), block_hashes: z.array(hash) })
const updated = z.object({
  type: z.literal('updated'),
  block_hash: hash,
  cache_level: z.object({ old_value: size, new_value: size }).nullish(),
})
const created = z.object({ type: z.literal('created') })
const known = z.discriminatedUnion('type', [stored, removed, updated, created])
const entryShape = z.object({
  event_id: z.number().int().nonnegative().optional().catch(undefined),
  window_size: size.optional().catch(undefined),
  layer_group_id: size.optional().catch(undefined),
  attention_dp_rank: size.optional().catch(undefined),
  data: z.looseObject({ type: z.string() }),
})

type StoredBlock = z.infer<typeof block>

/**
 * Reads one entry of TensorRT-LLM's list. `groupIndex` is its `layer_group_id`, and where there is none its
 * `window_size`: each such group of layers has blocks of its own.
 */
export function decodePulledEvent(raw: unknown, options: PullOptions): KvEventBatch {
  const entry = entryShape.safeParse(raw)
  const head = {
    seq: entry.data?.event_id,
    timestamp: undefined,
    dataParallelRank: entry.data?.attention_dp_rank,
  }
  const skip = (reason: SkipReason, example: string): KvEventBatch => {
    return { ...head, events: [], skipped: [{ reason, count: 1, example }] }
  }
  if (!entry.success) return skip('malformed', `expected { event_id, data: { type } }, found ${describeValue(raw)}`)
  const event = known.safeParse(entry.data.data)
  const group = entry.data.layer_group_id ?? entry.data.window_size
  if (event.success) return { ...head, events: toEvents(event.data, group, options), skipped: [] }
  const { type } = entry.data.data
  if (!known.options.some((option) => option.shape.type.value === type)) {
    return skip('unknown-type', `event type ${describeValue(type)}`)
  }
  const [issue] = event.error.issues
  return skip('malformed', `event of type ${type}: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`)
}

function toEvents(data: z.infer<typeof known>, group: number | undefined, options: PullOptions): readonly KvEvent[] {
  if (data.type === 'created') return []
  if (data.type === 'stored') return storedRuns(data.parent_hash ?? undefined, data.blocks, group, options)
  // A removal does not say from which level: where the block is not, it has nothing to remove.
  if (data.type === 'removed') return LEVELS.map((tier) => toRemoved(data.block_hashes, tier, group))
  if (data.cache_level === undefined || data.cache_level === null) return []
  const moved: BlocksStored = {
    ...toStored([], group, options),
    blockHashes: [data.block_hash],
    blockSize: options.tokensPerBlock ?? 0,
    tier: tierOf(data.cache_level.new_value),
  }
  return [moved, toRemoved([data.block_hash], tierOf(data.cache_level.old_value), group)]
}

/** One event for each run of full blocks in the same tier. What comes behind a block that is not full is left out. */
function storedRuns(
  parentHash: BlockHash | undefined,
  blocks: readonly StoredBlock[],
  group: number | undefined,
  options: PullOptions,
): BlocksStored[] {
  const full = options.tokensPerBlock ?? Math.max(1, ...blocks.map((one) => one.tokens.ids.length))
  const end = blocks.findIndex((one) => one.tokens.ids.length !== full)
  const usable = end < 0 ? blocks : blocks.slice(0, end)
  const runs: BlocksStored[] = []
  let parent = parentHash
  for (let start = 0; start < usable.length;) {
    const tier = tierOf(usable[start]!.cache_level)
    let stop = start + 1
    while (stop < usable.length && tierOf(usable[stop]!.cache_level) === tier) stop++
    const run = usable.slice(start, stop)
    runs.push({ ...toStored(run, group, options), blockSize: full, tier, parentHash: parent })
    parent = run.at(-1)?.block_hash
    start = stop
  }
  return runs
}

function toStored(
  run: readonly StoredBlock[],
  groupIndex: number | undefined,
  { groupKind }: PullOptions,
): BlocksStored {
  const extraKeys = run.map(keysOf)
  return {
    type: 'blocks-stored',
    blockHashes: run.map((one) => one.block_hash),
    parentHash: undefined,
    tokenIds: Uint32Array.from(run.flatMap((one) => one.tokens.ids)),
    blockSize: 0,
    tier: 'gpu',
    loraId: undefined,
    loraName: undefined,
    cacheSalt: run[0]?.cache_salt ?? undefined,
    extraKeys: extraKeys.some((keys) => keys.length > 0) ? extraKeys : undefined,
    groupIndex,
    groupKind,
    slidingWindow: undefined,
    locality: undefined,
    ownership: undefined,
    sessionId: undefined,
  }
}

/** Images by their keys, and where an engine has none for them by the extra ids of their tokens. */
function keysOf({ mm_keys, tokens: { extra } }: StoredBlock): readonly ExtraKey[] {
  const keys = readMultimodalKeys([mm_keys], 1)?.[0] ?? []
  return extra === undefined || keys.length > 0 ? keys : [{ kind: 'other', text: extra }]
}

function toRemoved(blockHashes: readonly BlockHash[], tier: CacheTier, groupIndex: number | undefined): BlocksRemoved {
  return { type: 'blocks-removed', blockHashes, tier, groupIndex, locality: undefined, ownership: undefined }
}

const LEVELS: readonly CacheTier[] = ['gpu', 'cpu', 'disk']

/** Level 0 is the device, 1 the host, and disk lies behind. */
function tierOf(level: number): CacheTier {
  return LEVELS[level] ?? 'disk'
}
