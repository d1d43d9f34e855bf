import type { EngineModel } from '../engine/engine-model.ts'
import type { EngineSink } from '../engine/engine-sink.ts'
import type { Sequence } from '../engine/sequence.ts'
import type { EngineTimings } from './engine-timings.ts'
import type { Generation } from './generation.ts'

/** Told what became of a generation, once per wake-up of the engine. */
export interface GenerationListener {
  /** The name under which a generation can be ended. */
  nameOf(generation: Generation): string | undefined
  /** `generated` tokens exist by now; `ended` when there will be no more. */
  progress(generation: Generation, generated: number, ended: boolean): void
  /** It was ended by its name when `generated` tokens existed. */
  aborted(generation: Generation, generated: number): void
  /** The engine's process is gone, and with it the generation. */
  crashed(): void
}

interface Watched {
  readonly generation: Generation
  readonly sequence: Sequence<Generation>
  readonly listener: GenerationListener
  seen: number
}

/**
 * Lets the engine model live on the wall clock, `speed` times as fast. One timer sleeps until the model's next event;
 * on every wake-up the model catches up with the present, so that a late timer delays what is said, but never shifts
 * what happens.
 */
export class EngineDriver {
  readonly #model: EngineModel<Generation>
  readonly #timings: EngineTimings
  readonly #speed: number
  readonly #began = performance.now()
  readonly #sink: EngineSink<Generation>
  readonly #flush: (() => void) | undefined
  readonly #watched = new Map<Generation, Watched>()
  #timer: NodeJS.Timeout | undefined
  /** Wall time at which the timer fires, in milliseconds. */
  #wakesAt = Infinity
  /** Steps ended whose tokens nobody has been told of. */
  #news = false

  /** `flush` is called at the end of every step and whenever the engine falls idle. */
  constructor(model: EngineModel<Generation>, timings: EngineTimings, speed: number, flush?: () => void) {
    this.#flush = flush
    this.#model = model
    this.#timings = timings
    this.#speed = speed
    this.#sink = {
      stepped: (_at, seconds, decoded) => {
        this.#news = true
        flush?.()
        timings.interToken.observe(seconds / speed, decoded)
      },
      firstToken: (sequence, at) => timings.firstToken.observe((at - sequence.submittedAt) / speed),
      finished: (sequence, at) => this.#finished(sequence, at),
    }
  }

  /** Queues a generation, which starts with the engine's next step. */
  submit(generation: Generation, listener: GenerationListener): void {
    const now = this.#now()
    this.#model.advance(now, this.#sink)
    const sequence = this.#model.submit(generation, now)
    generation.sequence = sequence
    this.#watched.set(generation, { generation, sequence, listener, seen: 0 })
    this.#sleep()
  }

  /** Ends a generation, because its client is gone or it failed; nothing when it has ended already. */
  abort(generation: Generation, reason: 'abort' | 'error' = 'abort'): void {
    const watched = this.#watched.get(generation)
    if (watched === undefined) return
    this.#watched.delete(generation)
    this.#model.advance(this.#now(), this.#sink)
    if (watched.sequence.state !== 'ended') this.#timings.success[reason]++
    this.#model.abort(watched.sequence)
    this.#sleep()
  }

  /** Ends the generations with such names. */
  abortNamed(fits: (name: string | undefined) => boolean): void {
    this.wake()
    for (const { generation, sequence, listener } of this.#watched.values()) {
      if (!fits(listener.nameOf(generation))) continue
      this.abort(generation)
      listener.aborted(generation, this.#model.generated(sequence))
    }
  }

  /** Brings the model to the present and tells every listener what is new. */
  wake(): void {
    this.close()
    this.#model.advance(this.#now(), this.#sink)
    this.#news = false
    for (const watched of this.#watched.values()) this.#tell(watched)
    this.#sleep()
  }

  /** The generations in the queue and in the batch. */
  *requests(): Generator<{ readonly generation: Generation; readonly waiting: boolean }> {
    for (const { generation, sequence } of this.#watched.values()) {
      if (sequence.state !== 'ended') yield { generation, waiting: sequence.state === 'waiting' }
    }
  }

  /** Ends everything at once, as when the process dies. */
  crash(): void {
    this.close()
    const watched = [...this.#watched.values()]
    this.#watched.clear()
    for (const { listener } of watched) listener.crashed()
  }

  /** Stops the clock; the next submission starts it again. */
  close(): void {
    clearTimeout(this.#timer)
    this.#wakesAt = Infinity
  }

  #tell(watched: Watched): void {
    const { generation, sequence, listener } = watched
    const generated = this.#model.generated(sequence)
    const ended = sequence.state === 'ended'
    if (ended) this.#watched.delete(generation)
    if (!ended && generated === watched.seen) return
    watched.seen = generated
    listener.progress(generation, generated, ended)
  }

  #finished(sequence: Sequence<Generation>, at: number): void {
    this.#timings.endToEnd.observe((at - sequence.submittedAt) / this.#speed)
    this.#timings.queue.observe((sequence.admittedAt - sequence.submittedAt) / this.#speed)
    this.#timings.success[sequence.request.finish]++
  }

  #now(): number {
    return ((performance.now() - this.#began) / 1000) * this.#speed
  }

  #sleep(): void {
    const event = this.#model.nextEventAt()
    if (event === Infinity) this.#flush?.()
    const next = this.#news ? 0 : event
    const wakesAt = Math.max(performance.now(), this.#began + (next / this.#speed) * 1000)
    if (wakesAt >= this.#wakesAt) return
    clearTimeout(this.#timer)
    this.#wakesAt = wakesAt
    this.#timer = setTimeout(() => this.wake(), Math.max(0, Math.ceil(wakesAt - performance.now())))
  }
}
