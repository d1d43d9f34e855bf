import type { Lease } from '../core/lease.ts'
import type { EngineRequest, Sequence } from '../engine/sequence.ts'
import { NO_BLOCKS, type BlockKeys } from '../prefix/block-keys.ts'
import type { PlannedRequest } from './prepared-workload.ts'

const UNSEEN = new Int32Array(0)

/** A request on its way: what an engine reads of it, and what the simulation remembers about its present attempt. */
export class Call implements EngineRequest {
  readonly plan: PlannedRequest
  /** Place among all requests of the workload. */
  readonly number: number
  readonly promptTokens: number
  readonly outputTokens: number
  /** Keys in the blocks of the engine it was sent to. */
  keys: BlockKeys = NO_BLOCKS
  /** Which router it came to, and when. */
  readonly router: number
  readonly arrival: number
  /** Place in the order of arrival. */
  readonly order: number
  retries = 0

  /** The endpoint it was sent to last, and when. */
  endpoint = -1
  sentAt = 0
  lease: Lease | undefined
  /** Leading prompt tokens that the router believed to be held there. */
  predictedTokens = 0
  sequence: Sequence<Call> | undefined
  started = false
  /** When its blocks will have come from host memory; -1 when none are under way. */
  loadsUntil = -1

  /** Prompt tokens that were not in the endpoint's KV cache at dispatch. */
  uncachedTokens = 0
  /** Tokens of prompt and expected answer, as the router counts them. */
  expectedTokens = 0

  /** The blocks of its sequence that a `CacheWatch` has seen, how many, and how many of them under their keys. */
  seen: Int32Array = UNSEEN
  seenBlocks = 0
  seenKeyed = 0
  /** Preemptions of the sequence when they were seen: each gives it other blocks. */
  seenPreemptions = 0

  constructor(plan: PlannedRequest, router: number, arrival: number, order: number) {
    this.plan = plan
    this.number = plan.number
    this.promptTokens = Math.max(1, plan.recorded.promptTokens)
    this.outputTokens = plan.recorded.outputTokens
    this.router = router
    this.arrival = arrival
    this.order = order
  }

  /** Forgets the attempt: the endpoint is gone. */
  reset(): void {
    this.endpoint = -1
    this.lease = undefined
    this.sequence = undefined
    this.started = false
    this.loadsUntil = -1
    this.seen = UNSEEN
    this.seenBlocks = 0
    this.seenKeyed = 0
    this.seenPreemptions = 0
  }
}
