/** So many replays run at once in a program; the others wait for their turn. */
export class ReplaySlots {
  #free: number
  readonly #waiting: (() => void)[] = []

  constructor(slots = 8) {
    this.#free = slots
  }

  /** Runs `work` when a slot is free. */
  async run<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#free > 0) this.#free--
    else await new Promise<void>((resolve) => this.#waiting.push(resolve))
    try {
      return await work()
    } finally {
      const next = this.#waiting.shift()
      if (next === undefined) this.#free++
      else next()
    }
  }
}
