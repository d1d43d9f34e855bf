import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { EngineModel } from './engine-model.ts'
import type { EngineProfile } from './profile.ts'
import type { EngineRequest, Sequence } from './sequence.ts'
import { stepSeconds } from './step-time.ts'
import { TokenKeys } from './token-keys.ts'

interface Work extends EngineRequest {
  readonly id: number
  readonly tokens: readonly number[]
}

/** The engine once more, written for the eye: every token counted, every list walked, blocks named by their text. */
class ObviousEngine {
  readonly log: string[] = []
  readonly profile: EngineProfile
  readonly waiting: Job[] = []
  readonly running: Job[] = []
  /** In the order in which they will be given away. */
  readonly free: Block[]
  readonly blocks: readonly Block[]
  partial: Job | undefined
  planned: Job[] = []
  now = 0
  stepEnds = Infinity
  hits = 0
  names = 0
  preemptions = 0

  constructor(profile: EngineProfile) {
    this.profile = profile
    this.blocks = Array.from({ length: Math.floor(profile.kvTokens / profile.blockSize) }, () => ({
      text: '',
      named: 0,
      users: 0,
    }))
    this.free = [...this.blocks]
  }

  get decoding(): Job[] {
    return this.running.filter((job) => job.joined >= 0).toSorted((a, b) => a.joined - b.joined || a.order - b.order)
  }

  submit(work: Work, at: number): void {
    if (this.stepEnds === Infinity && this.running.length + this.waiting.length === 0) this.now = Math.max(this.now, at)
    this.waiting.push({ work, blocks: [], computed: 0, generated: 0, joined: -1, order: 0, fresh: true })
  }

  abort(id: number): void {
    const at = this.waiting.findIndex((job) => job.work.id === id)
    if (at >= 0) this.waiting.splice(at, 1)
    const job = this.running.find(({ work }) => work.id === id)
    if (job !== undefined) this.stop(job)
  }

  advance(until: number): void {
    for (;;) {
      if (this.stepEnds === Infinity) {
        if (this.running.length + this.waiting.length === 0 || this.now > until) return
        this.start()
      }
      if (this.stepEnds > until) return
      this.end()
    }
  }

  start(): void {
    const { blockSize, maxBatchedTokens, maxSequences } = this.profile
    const full = (): Job[] => this.decoding.filter((job) => job.computed % blockSize === 0)
    let preempted = false
    while (full().length > this.free.length) {
      const victim = this.running.at(-1)
      if (victim === undefined) throw new Error('nobody left')
      this.stop(victim)
      this.waiting.unshift({ ...victim, blocks: [], computed: 0, joined: -1, fresh: false })
      this.preemptions++
      preempted = true
    }
    for (const job of full()) {
      this.name(job)
      job.blocks.push(this.take())
    }
    const batch = this.decoding
    let budget = maxBatchedTokens - batch.length
    let tokens = 0
    let pairs = 0
    const plan = (job: Job): void => {
      const chunk = Math.min(this.target(job) - job.computed, budget)
      pairs += chunk * (job.computed + chunk / 2)
      tokens += chunk
      budget -= chunk
      job.computed += chunk
      this.name(job)
      this.partial = job.computed < this.target(job) ? job : undefined
      if (this.partial === undefined) this.planned.push(job)
    }
    if (this.partial !== undefined && budget > 0) plan(this.partial)
    const admitHead = (): boolean => {
      const [head] = this.waiting
      if (preempted || budget <= 0 || this.running.length >= maxSequences) return false
      if (head === undefined || !this.admit(head)) return false
      this.waiting.shift()
      this.running.push(head)
      plan(head)
      return true
    }
    while (admitHead());
    const kvTokens = batch.reduce((sum, job) => sum + job.work.promptTokens + job.generated, 0)
    this.stepEnds = this.now + stepSeconds(this.profile, tokens, pairs, batch.length, kvTokens)
  }

  end(): void {
    this.now = this.stepEnds
    this.stepEnds = Infinity
    const { planned } = this
    this.planned = []
    const batch = this.decoding
    for (const job of batch) {
      job.computed++
      job.generated++
    }
    for (const job of batch) this.finishIfDone(job)
    for (const [order, job] of planned.entries()) {
      if (!this.running.includes(job)) continue
      if (job.work.outputTokens > 0) {
        job.generated++
        if (job.generated === 1) this.log.push(`${this.now} first ${job.work.id}`)
      }
      job.joined = this.now
      job.order = order
      this.finishIfDone(job)
    }
  }

  finishIfDone(job: Job): void {
    if (job.generated < job.work.outputTokens) return
    this.stop(job)
    this.log.push(`${this.now} finished ${job.work.id}`)
  }

  target(job: Job): number {
    return job.work.promptTokens + job.generated
  }

  admit(job: Job): boolean {
    const { blockSize } = this.profile
    const hits: Block[] = []
    for (let end = blockSize; end < this.target(job); end += blockSize) {
      const text = job.work.tokens.slice(0, end).join()
      const [found] = this.blocks.filter((block) => block.text === text).toSorted((a, b) => b.named - a.named)
      if (found === undefined) break
      hits.push(found)
    }
    const fresh = Math.ceil(this.target(job) / blockSize) - hits.length
    if (fresh + hits.filter(({ users }) => users === 0).length > this.free.length) return false
    for (const block of hits) this.use(block)
    job.blocks = [...hits, ...Array.from({ length: fresh }, () => this.take())]
    job.computed = hits.length * blockSize
    if (job.fresh) this.hits += job.computed
    return true
  }

  /** Gives a job's full blocks their texts. */
  name(job: Job): void {
    const { blockSize } = this.profile
    for (const [index, block] of job.blocks.entries()) {
      const end = (index + 1) * blockSize
      if (end > job.computed) return
      const text = job.work.tokens.slice(0, end).join()
      if (block.text !== '') continue
      block.text = text
      block.named = this.names++
    }
  }

  stop(job: Job): void {
    this.name(job)
    if (this.partial === job) this.partial = undefined
    this.running.splice(this.running.indexOf(job), 1)
    for (const block of job.blocks.toReversed()) {
      block.users--
      if (block.users === 0) this.free.push(block)
    }
  }

  use(block: Block): void {
    const at = this.free.indexOf(block)
    if (at >= 0) this.free.splice(at, 1)
    block.users++
  }

  take(): Block {
    const [block] = this.free
    if (block === undefined) throw new Error('no block')
    block.text = ''
    this.use(block)
    return block
  }
}

interface Block {
  text: string
  /** The newest of several blocks with one text is the one that is found. */
  named: number
  users: number
}

interface Job {
  readonly work: Work
  blocks: Block[]
  computed: number
  generated: number
  /** When it began to decode, and its place among those who began then. */
  joined: number
  order: number
  readonly fresh: boolean
}

function work(id: number, family: number, promptTokens: number, outputTokens: number, branch: number): Work {
  // Prompts of one family share their beginning, up to a branch; answers continue the family's text.
  const tokens = Array.from({ length: promptTokens + outputTokens }, (_, index) =>
    index < branch ? family : family + 10 * (id % 2),
  )
  const keys = new TokenKeys(4, tokens.length)
  keys.append(Uint32Array.from(tokens), 0, tokens.length)
  return { id, tokens, keys: keys.keys(), promptTokens, outputTokens }
}

const event = fc.record({
  wait: fc.oneof(fc.constant(0), fc.double({ min: 0, max: 6, noNaN: true })),
  family: fc.nat(2),
  prompt: fc.integer({ min: 1, max: 40 }),
  output: fc.nat(16),
  branch: fc.nat(40),
  abort: fc.option(fc.nat(20), { freq: 4 }),
})

const shape = fc.record({
  blocks: fc.integer({ min: 14, max: 40 }),
  maxBatchedTokens: fc.integer({ min: 6, max: 48 }),
  maxSequences: fc.integer({ min: 1, max: 6 }),
})

const ask = (family: number, prompt: number, output: number, branch = 0) => ({
  wait: 0,
  family,
  prompt,
  output,
  branch,
  abort: null,
})

/** While the last request is refused for want of blocks, somebody else comes to reference some that it would have shared. */
const SHARED_WHILE_REFUSED: [
  { blocks: number; maxBatchedTokens: number; maxSequences: number },
  ReturnType<typeof ask>[],
] = [
  { blocks: 14, maxBatchedTokens: 6, maxSequences: 3 },
  [ask(0, 1, 0), ask(0, 1, 0), ask(0, 1, 0), ask(1, 34, 8, 28), ask(1, 4, 0), ask(0, 7, 4), ask(1, 37, 0)],
]

test('does, event by event, what the obvious engine does, and loses no block', () => {
  fc.assert(
    fc.property(shape, fc.array(event, { maxLength: 30 }), (limits, events) => {
      const profile: EngineProfile = {
        name: 'random',
        rates: {
          prefillBase: 1,
          prefillPerToken: 0.125,
          prefillPerPair: 2 ** -7,
          decodeBase: 0.5,
          decodePerSequence: 0.0625,
          decodePerKvToken: 2 ** -10,
          overhead: 0.25,
        },
        kvTokens: limits.blocks * 4,
        blockSize: 4,
        maxBatchedTokens: limits.maxBatchedTokens,
        maxSequences: limits.maxSequences,
      }
      const model = new EngineModel<Work>(profile)
      const obvious = new ObviousEngine(profile)
      const log: string[] = []
      const sink = {
        stepped: (): void => {},
        firstToken: ({ request }: Sequence<Work>, at: number): void => void log.push(`${at} first ${request.id}`),
        finished: ({ request }: Sequence<Work>, at: number): void => void log.push(`${at} finished ${request.id}`),
      }
      const sequences: Sequence<Work>[] = []
      let now = 0
      for (const [id, { wait, family, prompt, output, branch, abort }] of events.entries()) {
        now += wait
        model.advance(now, sink)
        obvious.advance(now)
        const request = work(id, family, prompt, output, branch)
        sequences.push(model.submit(request, now))
        obvious.submit(request, now)
        const victim = abort === null ? undefined : sequences[abort]
        if (victim !== undefined) {
          model.abort(victim)
          obvious.abort(victim.request.id)
        }
        expect([model.running, model.waiting]).toEqual([obvious.running.length, obvious.waiting.length])
        expect(model.cache.free).toBe(obvious.free.length)
        expect(model.cache.free + model.cache.used).toBe(limits.blocks)
        for (let block = 0; block < limits.blocks; block++) {
          expect(model.cache.references(block)).toBeGreaterThanOrEqual(0)
        }
      }
      model.advance(1e6, sink)
      obvious.advance(1e6)
      expect(log).toEqual(obvious.log)
      expect(model.counters.prefixCacheHits).toBe(obvious.hits)
      expect(model.counters.preemptions).toBe(obvious.preemptions)
      expect(model.counters.finished + model.counters.aborted).toBe(events.length)
      expect(model.cache.used).toBe(0)
    }),
    { numRuns: 300, examples: [SHARED_WHILE_REFUSED] },
  )
})
