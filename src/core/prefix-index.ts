import type { BlockKeys } from '../prefix/block-keys.ts'
import type { PromptKeys } from '../prefix/prompt-keys.ts'

/** A request's claim on the blocks of its prompt at one endpoint; settled once, by `confirm` or `withdraw`. */
export interface BlockBooking {
  readonly slot: number
}

/** Which endpoint holds which prompt blocks: predicted from what was sent, or known from the engines' own events. */
export interface PrefixIndex {
  /** Registers an endpoint whose KV cache holds `capacityBlocks` blocks; returns its slot. */
  addEndpoint(capacityBlocks: number): number
  removeEndpoint(slot: number): void
  setCapacity(slot: number, capacityBlocks: number): void
  /** Writes for every slot how many leading blocks of the prompt it holds. */
  match(keys: BlockKeys, into: Uint32Array): void
  /** The same in tokens, for a prompt whose tokens are known: nothing is lost by rounding to blocks over bytes. */
  matchTokens?(keys: PromptKeys, into: Uint32Array): void
  /** The prompt was sent there: its blocks count as held from now on. */
  book(slot: number, keys: BlockKeys): BlockBooking
  /** The answer has started: the blocks are really there. */
  confirm(booking: BlockBooking): void
  /** The attempt failed: blocks that nothing else vouches for are forgotten. */
  withdraw(booking: BlockBooking): void
  /** The engine said how many leading blocks it had found cached, fewer than were predicted. Returns blocks dropped. */
  correct(booking: BlockBooking, cachedBlocks: number): number
  /** The endpoint restarted: its cache is empty. */
  clear(slot: number): void
  /** Blocks the endpoint is believed to hold. */
  held(slot: number): number
}
