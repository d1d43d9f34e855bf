import type { BlockCache } from './block-cache.ts'
import { DecodeBatch } from './decode-batch.ts'
import type { EngineCounters } from './engine-counters.ts'
import { zeroCounters } from './engine-counters.ts'
import type { EngineHooks } from './engine-hooks.ts'
import type { EngineSink } from './engine-sink.ts'
import type { EngineProfile } from './profile.ts'
import { SequenceBlocks } from './sequence-blocks.ts'
import { Sequence } from './sequence.ts'
import type { EngineRequest } from './sequence.ts'
import { stepSeconds } from './step-time.ts'
import { WaitingQueue } from './waiting-queue.ts'

/**
 * One engine replica in virtual time, after vLLM's scheduler: first come, first served; continuous batching; decodes go
 * first, then one chunk after the other of prefill within the token budget; a request is admitted when blocks for its
 * whole prompt are free; when a decoding sequence finds no free block, the newest sequence is preempted and later
 * prefilled again with what it had generated; prompt and answer become prefix cache as their blocks fill up.
 *
 * The caller owns the clock: it advances the model to the present before it submits or aborts. A sink may submit and
 * abort too.
 */
export class EngineModel<R extends EngineRequest = EngineRequest> {
  readonly profile: EngineProfile
  readonly counters: EngineCounters = zeroCounters()
  /** Factor on the duration of every step that starts from now on. */
  slowdown = 1

  readonly #kv: SequenceBlocks<R>
  readonly #mayAdmit: EngineHooks<R>['mayAdmit']
  readonly #waiting = new WaitingQueue<Sequence<R>>()
  /** In order of admission, so that the newest is the last. */
  readonly #running: Sequence<R>[] = []
  readonly #batch: DecodeBatch<R>
  /** The sequence of which a part is prefilled; the first one gets all the budget, so there is one at most. */
  #partial: Sequence<R> | undefined
  /** Sequences whose prefill ends with the running step. */
  #joining: Sequence<R>[] = []

  /** Number of the step that runs or ran last. */
  #step = 0
  #stepping = false
  #stepBegan = 0
  #stepEnds = 0
  /** When an engine between two steps can start the next one. */
  #wakeAt = 0
  #chunkTokens = 0
  #chunkPairs = 0

  constructor(profile: EngineProfile, hooks: EngineHooks<R> = {}) {
    this.profile = profile
    this.#mayAdmit = hooks.mayAdmit
    this.#kv = new SequenceBlocks(profile.kvTokens, profile.blockSize, hooks.cache)
    this.#batch = new DecodeBatch(profile.blockSize)
  }

  get cache(): BlockCache {
    return this.#kv.cache
  }

  /** Requests in the running batch, the ones being prefilled included. */
  get running(): number {
    return this.#running.length
  }

  /** Requests in the queue. */
  get waiting(): number {
    return this.#waiting.length
  }

  /** Share of the KV blocks that running requests hold, 0 to 1. */
  get kvUsage(): number {
    return this.cache.used / this.cache.blocks
  }

  /** Most tokens that prompt and answer of one request may have together. */
  get capacityTokens(): number {
    return this.#kv.capacityTokens
  }

  /**
   * Queues a request at `at`, not before the time the model was last advanced to. Throws a RangeError when it can never
   * run: no prompt, or prompt and answer do not fit in the KV cache.
   */
  submit(request: R, at: number): Sequence<R> {
    const { promptTokens, outputTokens } = request
    if (promptTokens < 1 || outputTokens < 0) {
      throw new RangeError(
        `expected 1 prompt token or more and no negative output, got ${promptTokens} and ${outputTokens}`,
      )
    }
    const tokens = promptTokens + outputTokens
    if (tokens > this.capacityTokens) {
      throw new RangeError(`prompt and answer need ${tokens} KV tokens, the engine holds ${this.capacityTokens}`)
    }
    if (!this.#stepping && !this.#hasWork()) this.#wakeAt = Math.max(this.#wakeAt, at)
    const sequence = new Sequence<R>(request, at)
    this.#waiting.push(sequence)
    return sequence
  }

  /** Takes a request out at once, wherever it is; the running step lasts as long as it would have. */
  abort(sequence: Sequence<R>): void {
    if (sequence.state === 'ended') return
    if (sequence.state === 'waiting') this.#waiting.remove(sequence)
    else this.#stopRunning(sequence)
    sequence.state = 'ended'
    this.counters.aborted++
  }

  /** Empties the prefix cache; false, and nothing done, while requests run. */
  clearCache(): boolean {
    return this.#kv.clear()
  }

  /** Tokens generated for a sequence up to the last step that ended. */
  generated(sequence: Sequence<R>): number {
    const since = sequence.state === 'decoding' ? this.#completedSteps() - sequence.joinedAfter : 0
    return sequence.joinedWith + since
  }

  /** When something will happen next; Infinity when there is nothing to do. */
  nextEventAt(): number {
    if (this.#stepping) return this.#stepEnds
    return this.#hasWork() ? this.#wakeAt : Infinity
  }

  /** Lets everything happen that happens up to and including `until`. */
  advance(until: number, sink: EngineSink<R>): void {
    for (;;) {
      if (!this.#stepping) {
        if (!this.#hasWork() || this.#wakeAt > until) return
        this.#startStep(this.#wakeAt)
      }
      if (this.#stepEnds > until) return
      this.#endStep(sink)
    }
  }

  #hasWork(): boolean {
    return this.#running.length > 0 || this.#waiting.length > 0
  }

  #completedSteps(): number {
    return this.#stepping ? this.#step - 1 : this.#step
  }

  #startStep(at: number): void {
    this.#stepping = true
    this.#stepBegan = at
    this.#step++
    this.#chunkTokens = 0
    this.#chunkPairs = 0
    const preempted = this.#growDecodes()
    const decodes = this.#batch.size
    this.#prefill(this.profile.maxBatchedTokens - decodes, !preempted)
    const seconds = stepSeconds(this.profile, this.#chunkTokens, this.#chunkPairs, decodes, this.#batch.kvTokens)
    this.#stepEnds = at + seconds * this.slowdown
  }

  /** Gives every decoding sequence whose blocks are full a new one; true when that took a preemption. */
  #growDecodes(): boolean {
    const growing = this.#batch.needBlock(this.#step)
    const before = this.counters.preemptions
    while (growing.length > this.cache.free) this.#preemptNewest()
    for (const sequence of growing) this.#kv.grow(sequence)
    return this.counters.preemptions > before
  }

  #preemptNewest(): void {
    const victim = this.#running.at(-1)
    if (victim === undefined) throw new Error('KV blocks are missing although nothing runs: references have leaked')
    this.#stopRunning(victim)
    victim.state = 'waiting'
    victim.preemptions++
    victim.target = victim.request.promptTokens + victim.joinedWith
    this.#waiting.pushFront(victim)
    this.counters.preemptions++
  }

  #prefill(budget: number, mayAdmit: boolean): void {
    let left = budget
    if (this.#partial !== undefined && left > 0) left -= this.#prefillChunk(this.#partial, left)
    if (!mayAdmit) return
    while (left > 0 && this.#running.length < this.profile.maxSequences) {
      const sequence = this.#nextWaiting()
      if (sequence === undefined || !this.#kv.admit(sequence)) return
      if (sequence === this.#waiting.peek()) this.#waiting.shift()
      else this.#waiting.remove(sequence)
      this.#startRunning(sequence)
      left -= this.#prefillChunk(sequence, left)
    }
  }

  #nextWaiting(): Sequence<R> | undefined {
    const mayAdmit = this.#mayAdmit
    if (mayAdmit === undefined) return this.#waiting.peek()
    return this.#waiting.find(({ request }) => mayAdmit(request, this.#running))
  }

  #startRunning(sequence: Sequence<R>): void {
    sequence.state = 'prefilling'
    this.#running.push(sequence)
    if (sequence.admittedAt >= 0) return
    sequence.admittedAt = this.#stepBegan
    sequence.cachedTokens = sequence.computed
    this.counters.prefixCacheQueries += sequence.target
    this.counters.prefixCacheHits += sequence.computed
  }

  /** Plans the next chunk; its full blocks are findable at once, because the same step may already read them. */
  #prefillChunk(sequence: Sequence<R>, budget: number): number {
    const chunk = Math.min(sequence.target - sequence.computed, budget)
    this.#chunkTokens += chunk
    this.#chunkPairs += chunk * (sequence.computed + chunk / 2)
    sequence.computed += chunk
    this.#kv.register(sequence, sequence.computed)
    const complete = sequence.computed === sequence.target
    this.#partial = complete ? undefined : sequence
    if (complete) this.#joining.push(sequence)
    return chunk
  }

  #endStep(sink: EngineSink<R>): void {
    const at = this.#stepEnds
    this.#stepping = false
    this.#wakeAt = at
    const decoded = this.#batch.size
    this.#batch.kvTokens += decoded
    this.counters.generationTokens += decoded
    sink.stepped(at, at - this.#stepBegan, decoded)
    const joining = this.#joining
    this.#joining = []
    for (const sequence of this.#batch.ending(this.#step)) {
      if (sequence.state === 'decoding') this.#finish(sequence, at, sink)
    }
    for (const sequence of joining) {
      if (sequence.state === 'prefilling') this.#join(sequence, at, sink)
    }
  }

  /** A prefill is done: it yields a token, and the sequence decodes from the next step on. */
  #join(sequence: Sequence<R>, at: number, sink: EngineSink<R>): void {
    const { promptTokens, outputTokens } = sequence.request
    const first = sequence.joinedWith === 0
    if (first) this.counters.promptTokens += promptTokens
    if (outputTokens > 0) {
      sequence.joinedWith++
      this.counters.generationTokens++
      if (first) {
        sequence.firstTokenAt = at
        sink.firstToken(sequence, at)
        if (sequence.state !== 'prefilling') return
      }
    }
    if (sequence.joinedWith === outputTokens) {
      this.#finish(sequence, at, sink)
      return
    }
    sequence.state = 'decoding'
    this.#batch.join(sequence, this.#step)
  }

  #finish(sequence: Sequence<R>, at: number, sink: EngineSink<R>): void {
    this.#stopRunning(sequence)
    sequence.state = 'ended'
    this.counters.finished++
    sink.finished(sequence, at)
  }

  /** Ends a sequence's stay in the batch; what it computed stays findable in the cache. */
  #stopRunning(sequence: Sequence<R>): void {
    if (sequence.state === 'decoding') {
      this.#batch.leave(sequence, this.#completedSteps())
      sequence.joinedWith = this.generated(sequence)
      this.#kv.register(sequence, sequence.request.promptTokens + sequence.joinedWith - 1)
    }
    if (this.#partial === sequence) this.#partial = undefined
    this.#running.splice(this.#running.lastIndexOf(sequence), 1)
    this.#kv.release(sequence)
  }
}
