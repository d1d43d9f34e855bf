/** Changes told at once within a window; what changes more often is told once it stands. */
const AT_ONCE = 5

/** Times in milliseconds. */
export interface NoticePace {
  readonly window: number
  /** How long a state that changes often has to stand until it is told. */
  readonly standing: number
}

const PACE: NoticePace = { window: 600_000, standing: 60_000 }

/**
 * Tells what a state has become, without flooding whoever listens while it goes back and forth: no state twice in a row,
 * the first few changes at once, from then on only what stands for a while.
 */
export class ChangeNotices<State extends { readonly reason: string }> implements Disposable {
  readonly #tell: (state: State) => void
  readonly #pace: NoticePace
  /** When those were told that are within the window. */
  #toldAt: number[] = []
  #last: string
  #pending: NodeJS.Timeout | undefined

  /** @param reason What is known already. */
  constructor(reason: string, tell: (state: State) => void, pace: NoticePace = PACE) {
    this.#last = reason
    this.#tell = tell
    this.#pace = pace
  }

  changed(state: State): void {
    clearTimeout(this.#pending)
    if (state.reason === this.#last) return
    const now = performance.now()
    this.#toldAt = this.#toldAt.filter((at) => now - at < this.#pace.window)
    if (this.#toldAt.length < AT_ONCE) this.#now(state)
    else this.#pending = setTimeout(() => this.#now(state), this.#pace.standing).unref()
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#pending)
  }

  #now(state: State): void {
    this.#last = state.reason
    this.#toldAt.push(performance.now())
    this.#tell(state)
  }
}
