import { setImmediate as settled } from 'node:timers/promises'

interface Sleeper {
  readonly at: number
  wake(): void
}

/** A clock that goes on only when it is told to, in seconds, and wakes who sleeps by it on the way. */
export class VirtualTime {
  #now = 0
  readonly #sleepers = new Set<Sleeper>()

  readonly clock = (): number => this.#now

  readonly sleep = (seconds: number, signal: AbortSignal): Promise<void> =>
    new Promise((resolve) => {
      const sleeper: Sleeper = {
        at: this.#now + seconds,
        wake: () => {
          this.#sleepers.delete(sleeper)
          resolve()
        },
      }
      this.#sleepers.add(sleeper)
      signal.addEventListener('abort', sleeper.wake, { once: true })
    })

  /** Lets time pass; whatever is due on the way happens at its own time. */
  async advance(seconds: number): Promise<void> {
    const until = this.#now + seconds
    for (;;) {
      await settled()
      const [first] = [...this.#sleepers].sort((a, b) => a.at - b.at)
      if (first === undefined || first.at > until) break
      this.#now = Math.max(this.#now, first.at)
      first.wake()
    }
    this.#now = until
  }
}
