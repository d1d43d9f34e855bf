import type { Booking } from './booking.ts'
import type { EndpointCache } from './endpoint-cache.ts'

/**
 * The bookings that are neither confirmed nor withdrawn, by the holding at which each ends. A booking vouches for its
 * end and for everything above it, so nothing has to be written into the holdings above. When the end is evicted, its
 * bookings end at its parent. Bounded by the number of requests in flight.
 */
export class PendingBookings {
  readonly #byEnd = new Map<number, Booking>()

  add(booking: Booking, end: number): void {
    booking.end = end
    booking.next = this.#byEnd.get(end)
    this.#byEnd.set(end, booking)
  }

  /** Returns true when no other booking ends there. */
  remove(booking: Booking): boolean {
    const first = this.#byEnd.get(booking.end)
    if (first === booking) {
      if (booking.next === undefined) return this.#byEnd.delete(booking.end)
      this.#byEnd.set(booking.end, booking.next)
      return false
    }
    let before = first
    while (before !== undefined && before.next !== booking) before = before.next
    if (before !== undefined) before.next = booking.next
    return false
  }

  /** Lets the bookings that end at `from` end at `to` instead; 0 means that nothing is left of them. */
  move(from: number, to: number): void {
    let booking = this.#byEnd.get(from)
    this.#byEnd.delete(from)
    while (booking !== undefined) {
      const next: Booking | undefined = booking.next
      if (to === 0) booking.end = 0
      else this.add(booking, to)
      booking = next
    }
  }

  /** Forgets an endpoint's bookings: nothing is left of their blocks. */
  forget(cache: EndpointCache): void {
    for (const [end, first] of this.#byEnd) if (first.cache === cache) this.move(end, 0)
  }
}
