/**
 * A slow and obvious model of the predicted index. It keeps apart what the index keeps together: each endpoint has a list
 * of its blocks, newest first, and each block the set of the pending bookings that need it. A block is named by its path
 * in the tree of prompts, a string with one letter for each block.
 */
export interface ModelBlock {
  readonly path: string
  stamp: number
  trusted: boolean
  readonly vouchers: Set<ModelBooking>
}

export interface ModelEndpoint {
  blocks: ModelBlock[]
  configured: number
  learned: number
  /** Share by which a bound that is too low is raised next. */
  haste: number
  bookings: number
  era: number
}

export interface ModelBooking {
  readonly endpoint: ModelEndpoint
  readonly era: number
  readonly matched: number
  readonly trusted: number
  readonly kept: number
  readonly stampsBefore: readonly number[]
  pending: boolean
  withdrawn: boolean
  corrected: boolean
}

/** What the predicted index does, done plainly. `ticksToWrap` bookings of an endpoint come before its clock wraps. */
export class ModelIndex {
  readonly endpoints: (ModelEndpoint | undefined)[] = []
  readonly maxHeld: number
  readonly ticksToWrap: number
  #clock = 0

  constructor(maxHeld: number, ticksToWrap: number) {
    this.maxHeld = maxHeld
    this.ticksToWrap = ticksToWrap
  }

  add(configured: number): number {
    const free = this.endpoints.indexOf(undefined)
    const slot = free === -1 ? this.endpoints.length : free
    this.endpoints[slot] = { blocks: [], configured, learned: Infinity, haste: 1 / 16, bookings: 0, era: 0 }
    return slot
  }

  bound(endpoint: ModelEndpoint): number {
    return Math.min(endpoint.configured, Math.floor(endpoint.learned))
  }

  /** The paths of the blocks that each endpoint holds. */
  paths(): Set<string>[] {
    return this.endpoints.map((endpoint) => new Set(endpoint?.blocks.map((block) => block.path)))
  }

  book(slot: number, path: string): ModelBooking {
    const endpoint = this.endpoints[slot]!
    if (endpoint.bookings++ === this.ticksToWrap) endpoint.era++
    this.#clock++
    const kept = Math.min(path.length, this.bound(endpoint), this.maxHeld)
    const chain = Array.from({ length: kept }, (_, depth) => path.slice(0, depth + 1))
    const before = chain.flatMap((name) => endpoint.blocks.filter((block) => block.path === name))
    const booking: ModelBooking = {
      endpoint,
      era: endpoint.era,
      matched: before.length,
      trusted: before.filter((block) => block.trusted).length,
      kept,
      stampsBefore: before.map((block) => block.stamp),
      pending: true,
      withdrawn: false,
      corrected: false,
    }
    const fresh = chain.slice(before.length)
    const refreshed = new Set(before)
    const others = endpoint.blocks.filter((block) => !refreshed.has(block))
    while (others.length > 0 && before.length + others.length + fresh.length > this.bound(endpoint)) others.pop()
    endpoint.blocks = [...before, ...others]
    this.#makeRoom(endpoint, before.length, fresh.length)
    const rest = endpoint.blocks.slice(before.length)
    const added = fresh.map((name) => ({ path: name, stamp: 0, trusted: false, vouchers: new Set<ModelBooking>() }))
    for (const block of [...before, ...added]) {
      block.stamp = this.#clock
      block.vouchers.add(booking)
    }
    endpoint.blocks = [...before, ...added, ...rest]
    return booking
  }

  #makeRoom(booked: ModelEndpoint, refreshed: number, needed: number): void {
    const spare = (endpoint: ModelEndpoint) => endpoint.blocks.length - (endpoint === booked ? refreshed : 0)
    const total = () => this.endpoints.reduce((sum, endpoint) => sum + (endpoint?.blocks.length ?? 0), 0)
    while (total() + needed > this.maxHeld) {
      let victim = booked
      for (const endpoint of this.endpoints) if (endpoint && spare(endpoint) > spare(victim)) victim = endpoint
      const dropped = Math.min(spare(victim), total() + needed - this.maxHeld)
      victim.blocks.splice(victim.blocks.length - dropped)
    }
  }

  confirm(booking: ModelBooking): void {
    if (!booking.pending) return
    booking.pending = false
    for (const block of booking.endpoint.blocks) if (block.vouchers.delete(booking)) block.trusted = true
  }

  withdraw(booking: ModelBooking): void {
    if (!booking.pending) return
    booking.pending = false
    booking.withdrawn = true
    const { endpoint } = booking
    endpoint.blocks = endpoint.blocks.filter((block) => {
      const vouched = block.vouchers.delete(booking)
      return !vouched || block.trusted || block.vouchers.size > 0
    })
  }

  correct(booking: ModelBooking, cached: number): void {
    const { endpoint } = booking
    if (booking.corrected || booking.withdrawn) return
    if (!this.endpoints.includes(endpoint) || booking.era !== endpoint.era) return
    booking.corrected = true
    if (cached >= booking.trusted) {
      if (cached === 0 || cached < booking.matched) return
      const more = cached > booking.matched
      endpoint.learned = Math.max(cached, endpoint.learned * (1 + (more ? endpoint.haste : 1 / 1024)))
      endpoint.haste = more ? Math.min(1, endpoint.haste * 2) : Math.max(1 / 16, endpoint.haste / 2)
      if (endpoint.learned >= endpoint.configured) endpoint.learned = Infinity
      return
    }
    endpoint.haste = 1 / 16
    const gone = booking.stampsBefore[cached]!
    endpoint.blocks = endpoint.blocks.filter((block) => block.stamp > gone || block.vouchers.size > 0)
    endpoint.learned = Math.min(endpoint.learned, Math.max(endpoint.blocks.length, booking.kept))
  }

  clear(slot: number): void {
    const endpoint = this.endpoints[slot]!
    endpoint.blocks = []
    endpoint.learned = Infinity
    endpoint.era++
  }

  setCapacity(slot: number, configured: number): void {
    const endpoint = this.endpoints[slot]!
    endpoint.configured = configured
    endpoint.blocks.splice(this.bound(endpoint))
  }
}
