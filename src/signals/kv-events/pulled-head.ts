/** What the order of pulled events, and the reading of later ones, depends on. */
export interface PulledHead {
  /** The entry's `event_id`, which each rank counts from 0. */
  readonly seq: number | undefined
  readonly rank: number | undefined
  /** Tokens that the attention of the entry's layers reaches back. */
  readonly windowSize: number | undefined
  /** Tokens of a full block; undefined where the entry does not prove it. */
  readonly fullBlock: number | undefined
  /** True for stored blocks whose size does not prove that they are full. */
  readonly needsBlockSize: boolean
}

/** Whether an entry stands for no event at all, as an engine writes one that it could not tell. */
export function isNothing(entry: unknown): boolean {
  return entry === null || (typeof entry === 'object' && Object.keys(entry).length === 0)
}

/**
 * Reads the head of one entry of TensorRT-LLM's list, whatever it is. TensorRT-LLM stores the last block of a prompt
 * although it is not full, so only a block with another one behind it shows how many tokens a full one has.
 */
export function readPulledHead(entry: unknown): PulledHead {
  const map = mapOf(entry)
  const data = mapOf(map?.['data'])
  const blocks: unknown = data?.['type'] === 'stored' ? data['blocks'] : undefined
  const stored: readonly unknown[] = Array.isArray(blocks) ? blocks : []
  return {
    seq: whole(map?.['event_id']),
    rank: whole(map?.['attention_dp_rank']),
    windowSize: whole(map?.['window_size']),
    fullBlock: stored.length > 1 ? tokensOf(stored[0]) : undefined,
    needsBlockSize: stored.length === 1,
  }
}

function tokensOf(block: unknown): number | undefined {
  const tokens: unknown = mapOf(block)?.['tokens']
  return Array.isArray(tokens) && tokens.length > 0 ? tokens.length : undefined
}

function mapOf(value: unknown): Readonly<Partial<Record<string, unknown>>> | undefined {
  return isMap(value) ? value : undefined
}

function isMap(value: unknown): value is Readonly<Partial<Record<string, unknown>>> {
  return value !== null && typeof value === 'object' && !Array.isArray(value)
}

function whole(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined
}
