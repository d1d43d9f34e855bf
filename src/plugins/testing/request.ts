import type { SchedulingRequest } from '../../core/request.ts'
import { type BlockKeys, NO_BLOCKS } from '../../prefix/block-keys.ts'
import { mixHashes } from '../text-hash.ts'

/** What a test wants to say about a request; headers as a plain record with lower-case names. */
export interface RequestFacts extends Partial<Omit<SchedulingRequest, 'header'>> {
  readonly headers?: Readonly<Record<string, string>>
}

/** A streamed request of 1000 prompt tokens without session or headers, changed by `facts`. */
export function request(facts: RequestFacts = {}): SchedulingRequest {
  const { headers = {}, ...rest } = facts
  const promptTokens = rest.promptTokens ?? 1000
  return {
    id: 'request-1',
    model: 'test-model',
    blocks: NO_BLOCKS,
    tokensPerBlock: 32,
    promptTokens,
    promptBytes: 4 * promptTokens,
    outputTokens: 100,
    streamed: true,
    session: undefined,
    clientAddress: '192.0.2.1',
    ...rest,
    header: (name) => headers[name],
  }
}

/** Chained keys of a prompt whose blocks have the given contents: equal lists have equal keys up to where they part. */
export function keysOf(contents: readonly number[]): BlockKeys {
  const words = new Uint32Array(2 * contents.length)
  let low = 1
  let high = 2
  for (const [i, content] of contents.entries()) {
    low = mixHashes(low, content)
    high = mixHashes(high, low)
    words[2 * i] = low
    words[2 * i + 1] = high
  }
  return { count: contents.length, words }
}
