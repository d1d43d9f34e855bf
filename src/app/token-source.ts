import type { ConfigTokenizer } from '../config/config.ts'
import type { EndpointState } from '../core/endpoint-state.ts'
import type { FoundTokens } from '../gateway/found-tokens.ts'
import type { UnderstoodRequest } from '../gateway/understand.ts'
import type { TokenVerdict } from './token-verdict.ts'

/** Whether and why an endpoint's tokens are known. A closed set: it is a label of a metric. */
export type TokenReason = 'same' | 'asked' | 'trusted' | 'different' | 'unknown' | 'waiting' | 'loading' | 'broken'

export interface TokenState {
  readonly exact: boolean
  readonly reason: TokenReason
  /** The same for people. */
  readonly why: string
}

/** Where the tokens of one model's prompts come from. */
export interface TokenSource extends Disposable {
  readonly model: string
  readonly settings: ConfigTokenizer
  /** Resolves once it can be used; rejects with a message where it cannot be loaded. */
  readonly loaded: Promise<void>
  /** Where it cannot be loaded, why not. */
  readonly fault: string | undefined
  /** Whether this endpoint's tokens are those we make, and why. */
  stateOf(endpoint: EndpointState): TokenState
  /** Why this endpoint's blocks cannot be looked up by the tokens that others have; undefined where they can. */
  differs(endpoint: EndpointState): string | undefined
  /** The endpoint may run something else than before. */
  restarted(endpoint: EndpointState): void
  /** Asks the engines that have not been asked yet. */
  compare(): void
  /** The endpoint's usage reports show that its prompts have other tokens. */
  miscounted(endpoint: EndpointState, why: string): void
  /** The tokens of a chat or a text prompt; undefined at once where they are not to be had. */
  find(kind: PromptKind, request: UnderstoodRequest, body: Uint8Array): Promise<FoundTokens | undefined> | undefined
}

/** Chats go through a template, texts do not. */
export type PromptKind = 'chat' | 'text'

const WAITING: TokenState = { exact: false, reason: 'waiting', why: 'its engine has not been asked for its tokens yet' }

/** The state that a verdict stands for; `same` is what agreement is called. */
export function stateOfVerdict(verdict: TokenVerdict<unknown> | undefined, same: 'same' | 'asked'): TokenState {
  if (verdict === undefined) return WAITING
  const { result, why } = verdict
  return { exact: result === 'same', reason: result === 'same' ? same : result, why }
}
