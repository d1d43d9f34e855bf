import type { Booking } from './booking.ts'
import type { TokenKeys } from './token-block-keys.ts'

/** Whose word counts for an endpoint: its own events', or what is concluded from the requests sent there. */
export type EndpointMode = 'exact' | 'predicted'

/** What the combined index keeps for each endpoint. */
export interface ReportingSlot {
  readonly slot: number
  mode: EndpointMode
  /** Tokens that a block over bytes stood for in the last prompts booked here, on average; 0 before. */
  tokensPerBlock: number
  /** Prompts of which all blocks had been reported soon after their first token. */
  confirmed: number
  /** Prompts of which some had not. */
  missing: number
}

/** A prompt's claim at an endpoint that reports its blocks. */
export class ReportedBooking {
  readonly slot: number
  readonly target: ReportingSlot
  readonly keys: TokenKeys
  /** The claim among the predictions, which are kept up in any mode. */
  readonly predicted: Booking
  /** The claim on blocks that are not reported yet; withdrawn in the end, whatever happens. */
  readonly inFlight: Booking
  /** When the blocks that are not reported by then count as not held, in seconds of the clock. */
  deadline = 0
  state: 'sent' | 'started' | 'settled' = 'sent'

  constructor(target: ReportingSlot, keys: TokenKeys, predicted: Booking, inFlight: Booking) {
    this.slot = target.slot
    this.target = target
    this.keys = keys
    this.predicted = predicted
    this.inFlight = inFlight
  }
}
