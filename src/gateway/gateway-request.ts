import type { Pool } from '../core/pool.ts'
import type { SchedulingRequest } from '../core/request.ts'
import { BLOCK_BYTES, type BlockKeys } from '../prefix/block-keys.ts'
import { PromptKeys } from '../prefix/prompt-keys.ts'
import type { TokenKeys } from '../prefix/token-block-keys.ts'

/** Bytes per token in block keys made from token ids. */
const BYTES_PER_TOKEN_ID = 4
/** Bytes; of a shorter prompt most tokens are those that the chat template adds. */
const OWN_RATIO_FROM = 4 * BLOCK_BYTES

/** What was understood of a request's body. */
export interface Understood {
  readonly blocks: BlockKeys
  /** Keys over the prompt's tokens, where they are known and some endpoint is looked up by them. */
  readonly tokenKeys: readonly TokenKeys[] | undefined
  readonly promptBytes: number
  /** True when the prompt came as token ids. */
  readonly tokenIds: boolean
  /** Where they are known exactly. */
  readonly promptTokens: number | undefined
  readonly maxTokens: number | undefined
  readonly streamed: boolean
  readonly session: string | undefined
}

/** Who asks, as far as a policy may look at it. */
export interface RequestSender {
  readonly clientAddress: string
  /** A request header by its lower-case name. */
  header(name: string): string | undefined
}

/** A client's HTTP request in the form the scheduler reads. */
export function gatewayRequest(
  id: string,
  sender: RequestSender,
  pool: Pool,
  understood: Understood,
): SchedulingRequest {
  const { blocks, tokenKeys, promptBytes, tokenIds } = understood
  const bytesPerToken = bytesPerTokenOf(understood, pool)
  const tokensPerBlock = BLOCK_BYTES / bytesPerToken
  return {
    id,
    model: pool.model,
    blocks: tokenKeys === undefined ? blocks : new PromptKeys(blocks, tokensPerBlock, tokenKeys),
    tokensPerBlock,
    promptTokens: understood.promptTokens ?? promptBytes / bytesPerToken,
    promptBytes: tokenIds ? 0 : promptBytes,
    outputTokens: Math.min(understood.maxTokens ?? Number.POSITIVE_INFINITY, pool.outputTokens.value),
    streamed: understood.streamed,
    session: understood.session,
    clientAddress: sender.clientAddress,
    header: (name) => sender.header(name),
  }
}

/** The prompt's own ratio where its tokens are known, otherwise what is usual in the pool. */
function bytesPerTokenOf({ tokenIds, promptTokens, promptBytes }: Understood, pool: Pool): number {
  if (tokenIds) return BYTES_PER_TOKEN_ID
  if (promptTokens === undefined || promptTokens === 0 || promptBytes < OWN_RATIO_FROM) return pool.bytesPerToken.value
  return promptBytes / promptTokens
}
