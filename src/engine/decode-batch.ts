import type { EngineRequest, Sequence } from './sequence.ts'

const NONE: readonly never[] = []

/**
 * The sequences that decode. Every step gives each of them one token, so nothing is counted per token: a sequence's
 * progress follows from the number of steps since it joined, and the two things that can happen to it, its next block
 * and its end, wait in a calendar of as many days as a block has tokens.
 */
export class DecodeBatch<R extends EngineRequest> {
  /** Number of sequences. */
  size = 0
  /** KV tokens they hold together, the ones of the running step included. */
  kvTokens = 0
  readonly #days: number
  readonly #blockDays: Sequence<R>[][]
  readonly #endDays: Sequence<R>[][]
  /** The step in which the next sequence ends. */
  #nextEnd = Infinity

  constructor(blockSize: number) {
    this.#days = blockSize
    this.#blockDays = Array.from({ length: blockSize }, () => [])
    this.#endDays = Array.from({ length: blockSize }, () => [])
  }

  /** Adds a sequence that holds `sequence.target` KV tokens and has one token more, which step `step + 1` computes. */
  join(sequence: Sequence<R>, step: number): void {
    sequence.joinedAfter = step
    this.size++
    this.kvTokens += sequence.target + 1
    this.#blockDays[this.#blockDay(sequence)]!.push(sequence)
    this.#endDays[this.#endDay(sequence)]!.push(sequence)
    this.#nextEnd = Math.min(this.#nextEnd, endStep(sequence))
  }

  /** Removes a sequence after `step` steps. */
  leave(sequence: Sequence<R>, step: number): void {
    this.size--
    this.kvTokens -= sequence.target + 1 + step - sequence.joinedAfter
    remove(this.#blockDays[this.#blockDay(sequence)]!, sequence)
    remove(this.#endDays[this.#endDay(sequence)]!, sequence)
    if (endStep(sequence) === this.#nextEnd) this.#nextEnd = this.#soonestEnd()
  }

  /** The sequences that need a new block in `step`, in the order they joined; do not keep the list. */
  needBlock(step: number): readonly Sequence<R>[] {
    return this.#blockDays[step % this.#days]!
  }

  /** The sequences whose last token comes with the end of `step`, in the order they joined. */
  ending(step: number): readonly Sequence<R>[] {
    if (step !== this.#nextEnd) return NONE
    return this.#endDays[step % this.#days]!.filter((each) => endStep(each) === step)
  }

  #soonestEnd(): number {
    let soonest = Infinity
    for (const day of this.#endDays) for (const sequence of day) soonest = Math.min(soonest, endStep(sequence))
    return soonest
  }

  #blockDay(sequence: Sequence<R>): number {
    const blocksAgo = sequence.target % this.#days
    return (sequence.joinedAfter + 1 + this.#days - blocksAgo) % this.#days
  }

  #endDay(sequence: Sequence<R>): number {
    return endStep(sequence) % this.#days
  }
}

function endStep(sequence: Sequence): number {
  return sequence.joinedAfter + sequence.request.outputTokens - sequence.joinedWith
}

/** Keeps the order, so that two engines fed alike stay alike; a day holds few sequences. */
function remove<T>(list: T[], item: T): void {
  list.splice(list.indexOf(item), 1)
}
