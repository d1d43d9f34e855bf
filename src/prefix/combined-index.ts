import type { BlockKeys } from './block-keys.ts'
import type { Booking } from './booking.ts'
import { CoarseKeys } from './coarse-keys.ts'
import { EndpointSlots } from './endpoint-slots.ts'
import { ExactIndex, type ExactIndexOptions, type ReportingEndpoint } from './exact-index.ts'
import { PredictedIndex, type PredictedIndexOptions } from './predicted-index.ts'
import { PromptKeys } from './prompt-keys.ts'
import { type EndpointMode, ReportedBooking, type ReportingSlot } from './reporting-slot.ts'
import { TierMatches } from './tier-matches.ts'
import type { TokenKeys } from './token-block-keys.ts'

const DEFAULT_IN_FLIGHT_BYTES = 16 * 1024 * 1024
/** Blocks in flight at one endpoint, of so many tokens each: a million tokens. */
const IN_FLIGHT_BLOCKS = 8192
const DEFAULT_IN_FLIGHT_TOKENS = 128
/** Engines publish a step's blocks with the step, so its events come about as early as its first token. */
const DEFAULT_CONFIRM_SECONDS = 2
/** Prompts over which the mean length of a block is taken: each has a ratio of its own. */
const RATIO_PROMPTS = 32
/** Blocks by which what engines report may differ from what was predicted without contradicting it: both are rounded. */
const SLACK_BLOCKS = 2
/** A block that has to be loaded saves what loading does not cost: GPU, CPU, disk, remote. Values to start from. */
const DEFAULT_CREDITS: readonly number[] = [1, 0.75, 0.25, 0]
/** vLLM reports each physical copy by itself; the sequence numbers of events keep repetitions out. */
const DEFAULT_REPORTING: ReportingEndpoint = { maxCopies: 8 }

export interface CombinedIndexOptions {
  readonly predicted?: PredictedIndexOptions
  readonly exact?: ExactIndexOptions
  /** Bytes for the prompts that are in flight to endpoints that report. Default 16 MiB. */
  readonly inFlightBytes?: number
  /**
   * Tokens by which prompts in flight are compared, rounded to whole blocks. Default 128: what a match is short by is
   * cheaper than booking every block for the second or two that it is in flight.
   */
  readonly inFlightTokens?: number
  /** Monotonic clock in seconds. */
  clock(): number
  /** Seconds after the first token by which the prompt's blocks have to be reported. Default 2. */
  readonly confirmSeconds?: number
  /** What a block counts for by tier: `gpu`, `cpu`, `disk`, `remote`. The first only counts behind one of the others. */
  readonly tierCredits?: readonly number[]
  /** How endpoints report. */
  readonly reporting?: ReportingEndpoint
}

/**
 * Which endpoint holds which blocks: by its own events where it is in mode `exact`, predicted where it is not, and
 * predicted too for prompts whose tokens are not known. It is a `PrefixIndex` of the core: requests whose keys are
 * `PromptKeys` are looked up by tokens as well, and all depths are in blocks over bytes.
 *
 * Three indexes have the same slots. Predictions are kept up for every endpoint, so that its mode may change at any time.
 * Events go to `exact`. What was sent to an endpoint in mode `exact` counts as held there until its events confirm it:
 * it is booked in an index of its own, and withdrawn when the blocks are reported, when they are not though the answer
 * started a while ago, or when the attempt fails.
 */
export class CombinedIndex {
  readonly predicted: PredictedIndex
  /** Takes the endpoints' events, by slot, in any mode. */
  readonly exact: ExactIndex
  readonly #inFlight: PredictedIndex
  readonly #coarse = new CoarseKeys()
  readonly #options: CombinedIndexOptions
  readonly #credits: readonly number[]
  readonly #slots = new EndpointSlots<ReportingSlot>('the prefix index')
  /** Those in mode `exact`. */
  #reporting: readonly ReportingSlot[] = []
  readonly #held = new TierMatches()
  #flying = new Uint32Array(64)
  /** Bookings whose answer has started before their blocks were reported, by deadline; those before `#next` are done. */
  #started: ReportedBooking[] = []
  #next = 0

  constructor(options: CombinedIndexOptions) {
    this.#options = options
    this.predicted = new PredictedIndex(options.predicted)
    this.exact = new ExactIndex(options.exact)
    this.#inFlight = new PredictedIndex({ maxBytes: options.inFlightBytes ?? DEFAULT_IN_FLIGHT_BYTES })
    this.#credits = options.tierCredits ?? DEFAULT_CREDITS
  }

  /** Adds an endpoint whose KV cache keeps `capacityBlocks` blocks over bytes, in mode `predicted`; returns its slot. */
  addEndpoint(capacityBlocks: number): number {
    this.predicted.addEndpoint(capacityBlocks)
    this.exact.addEndpoint(this.#options.reporting ?? DEFAULT_REPORTING)
    this.#inFlight.addEndpoint(IN_FLIGHT_BLOCKS)
    return this.#slots.add((slot) => ({ slot, mode: 'predicted', tokensPerBlock: 0, confirmed: 0, missing: 0 }))
  }

  removeEndpoint(slot: number): void {
    this.setMode(slot, 'predicted')
    this.predicted.removeEndpoint(slot)
    this.exact.removeEndpoint(slot)
    this.#inFlight.removeEndpoint(slot)
    this.#slots.remove(slot)
  }

  setCapacity(slot: number, capacityBlocks: number): void {
    this.predicted.setCapacity(slot, capacityBlocks)
  }

  mode(slot: number): EndpointMode {
    return this.#slots.at(slot).mode
  }

  /** Says whose word counts from now on. What was reported and predicted stays. */
  setMode(slot: number, mode: EndpointMode): void {
    this.#slots.at(slot).mode = mode
    this.#reporting = this.#slots.all.filter((known) => known?.mode === 'exact').filter((known) => known !== undefined)
  }

  /** Sizes of blocks in tokens that endpoints in mode `exact` have: those in which a prompt should be cut. */
  blockSizes(): number[] {
    const sizes = new Set(this.#reporting.map(({ slot }) => this.exact.blockTokens(slot)))
    sizes.delete(0)
    return [...sizes]
  }

  /** How many prompts an endpoint's events confirmed in time, and how many not: whether its events can be relied on. */
  audit(slot: number): { readonly confirmed: number; readonly missing: number } {
    const { confirmed, missing } = this.#slots.at(slot)
    return { confirmed, missing }
  }

  /** Writes for every slot how many leading blocks over bytes of the prompt it holds. */
  match(keys: BlockKeys, into: Uint32Array): void {
    this.predicted.match(keys, into)
    if (this.#reporting.length === 0 || !(keys instanceof PromptKeys)) return
    for (const tokens of keys.tokenKeys) this.#matchReported(tokens, into, keys.tokensPerBlock, keys.count)
  }

  /** Like `match`, in tokens: without rounding to blocks over bytes where endpoints report. */
  matchTokens(keys: PromptKeys, into: Uint32Array): void {
    this.predicted.match(keys, into)
    const slots = Math.min(into.length, this.#slots.all.length)
    for (let slot = 0; slot < slots; slot++) into[slot] = into[slot]! * keys.tokensPerBlock
    for (const tokens of keys.tokenKeys) this.#matchReported(tokens, into, 1, Number.POSITIVE_INFINITY)
  }

  /** The prompt was sent there: its blocks count as held from now on. */
  book(slot: number, keys: BlockKeys): Booking | ReportedBooking {
    const predicted = this.predicted.book(slot, keys)
    if (!(keys instanceof PromptKeys)) return predicted
    const target = this.#slots.at(slot)
    target.tokensPerBlock = nextMean(target.tokensPerBlock, keys.tokensPerBlock)
    const tokens = target.mode === 'exact' ? keys.over(this.exact.blockTokens(slot)) : undefined
    if (tokens === undefined) return predicted
    this.exact.touch(slot, tokens)
    const coarse = this.#coarse.take(tokens, this.#strideOf(tokens))
    return new ReportedBooking(target, tokens, predicted, this.#inFlight.book(slot, coarse))
  }

  /** The answer has started: the blocks are there, and their events have come or are on their way. */
  confirm(booking: Booking | ReportedBooking): void {
    if (!(booking instanceof ReportedBooking)) {
      this.predicted.confirm(booking)
      return
    }
    this.predicted.confirm(booking.predicted)
    if (booking.state !== 'sent') return
    const now = this.#options.clock()
    this.#expire(now)
    booking.state = 'started'
    if (this.#settle(booking, false)) return
    booking.deadline = now + (this.#options.confirmSeconds ?? DEFAULT_CONFIRM_SECONDS)
    this.#started.push(booking)
  }

  /** The attempt failed: blocks that nothing else vouches for are forgotten. */
  withdraw(booking: Booking | ReportedBooking): void {
    if (!(booking instanceof ReportedBooking)) {
      this.predicted.withdraw(booking)
      return
    }
    this.predicted.withdraw(booking.predicted)
    if (booking.state !== 'sent') return
    booking.state = 'settled'
    this.#inFlight.withdraw(booking.inFlight)
  }

  /** The engine said how many leading blocks over bytes it had found cached. Concerns the predictions alone. */
  correct(booking: Booking | ReportedBooking, cachedBlocks: number): number {
    if (!(booking instanceof ReportedBooking)) return this.predicted.correct(booking, cachedBlocks)
    // The caller knows how many were reported to be held, which is not quite what is compared here.
    const { predicted } = booking
    const asPredicted = cachedBlocks + SLACK_BLOCKS >= predicted.matched
    return this.predicted.correct(predicted, asPredicted ? Math.max(cachedBlocks, predicted.matched) : cachedBlocks)
  }

  /** The endpoint restarted: its cache is empty. */
  clear(slot: number): void {
    this.predicted.clear(slot)
    this.exact.clear(slot)
    this.#inFlight.clear(slot)
  }

  /** The engine says that it has emptied all tiers: what was predicted is gone too, what is in flight is computed anew. */
  cleared(slot: number): void {
    this.predicted.clear(slot)
    this.exact.cleared(slot)
  }

  /** Blocks over bytes the endpoint is believed to hold. */
  held(slot: number): number {
    const { mode, tokensPerBlock } = this.#slots.at(slot)
    if (mode === 'predicted' || tokensPerBlock === 0) return this.predicted.held(slot)
    return Math.floor((this.exact.heldByGpu(slot) * this.exact.blockTokens(slot)) / tokensPerBlock)
  }

  /** Writes what endpoints with this size of blocks hold, in units of so many tokens. */
  #matchReported(tokens: TokenKeys, into: Uint32Array, unit: number, most: number): void {
    this.#expire(this.#options.clock())
    if (!this.#isReportedIn(tokens)) return
    this.exact.matchTiers(tokens, this.#held)
    const slots = this.#slots.all.length
    if (this.#flying.length < slots) this.#flying = new Uint32Array(2 * slots)
    const stride = this.#strideOf(tokens)
    this.#inFlight.match(this.#coarse.take(tokens, stride), this.#flying)
    const scale = tokens.blockTokens / unit
    for (const { slot } of this.#reporting) {
      if (this.exact.blockTokens(slot) !== tokens.blockTokens) continue
      const blocks = Math.max(this.#held.worth(slot, this.#credits), stride * this.#flying[slot]!)
      into[slot] = Math.min(most, Math.floor(blocks * scale))
    }
  }

  /** True when an endpoint in mode `exact` has blocks of this size. */
  #isReportedIn({ blockTokens }: TokenKeys): boolean {
    for (const { slot } of this.#reporting) if (this.exact.blockTokens(slot) === blockTokens) return true
    return false
  }

  #strideOf({ blockTokens }: TokenKeys): number {
    return Math.max(1, Math.round((this.#options.inFlightTokens ?? DEFAULT_IN_FLIGHT_TOKENS) / blockTokens))
  }

  /** Ends the prediction when its blocks are reported, or when they have to be by now. Returns whether it has ended. */
  #settle(booking: ReportedBooking, due: boolean): boolean {
    const reported = this.exact.depth(booking.slot, booking.keys) >= booking.keys.count
    if (!reported && !due) return false
    if (reported) booking.target.confirmed++
    else booking.target.missing++
    booking.state = 'settled'
    this.#inFlight.withdraw(booking.inFlight)
    return true
  }

  #expire(now: number): void {
    const started = this.#started
    while (this.#next < started.length && started[this.#next]!.deadline <= now) {
      this.#settle(started[this.#next]!, true)
      this.#next++
    }
    // Half of the list is done: copying the rest costs no more than what was done.
    if (2 * this.#next < started.length || this.#next === 0) return
    this.#started = started.slice(this.#next)
    this.#next = 0
  }
}

function nextMean(before: number, value: number): number {
  return before === 0 ? value : before + (value - before) / RATIO_PROMPTS
}
