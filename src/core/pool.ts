import { BLOCK_BYTES } from '../prefix/block-keys.ts'
import type { EndpointState } from './endpoint-state.ts'
import { MovingAverage } from './moving-average.ts'
import type { Policy, PolicyPlugin } from './plugin.ts'
import type { SignalName } from './signals.ts'

export interface PoolPolicy {
  readonly plugin: PolicyPlugin
  readonly policy: Policy<SignalName>
}

/** Who hears of what policies do wrong. */
export interface PolicyWatcher {
  /** Told when a policy throws; the request goes on, with all endpoints ranked equal where it could not rank them. */
  onPolicyError?(policy: string, error: unknown): void
}

/** The endpoints that serve one model, the policy that ranks them, and what is learned about the model's text. */
export class Pool {
  readonly model: string
  policy: PoolPolicy
  /** The model that it is an adapter (LoRA) of; undefined for a model of its own. */
  base: string | undefined
  /** Bytes of prompt text per token. */
  readonly bytesPerToken: MovingAverage
  /** Tokens per answer. */
  readonly outputTokens = new MovingAverage(256)
  /** First index that wins when all else is equal; advances with every decision. */
  turn = 0
  #endpoints: readonly EndpointState[] = []
  #eligible: EndpointState[] = []

  constructor(model: string, policy: PoolPolicy, bytesPerToken: number) {
    this.model = model
    this.policy = policy
    this.bytesPerToken = new MovingAverage(bytesPerToken)
  }

  get endpoints(): readonly EndpointState[] {
    return this.#endpoints
  }

  /** Endpoints that may take a new request now. */
  get eligible(): readonly EndpointState[] {
    return this.#eligible
  }

  /** The adapter that its requests need; undefined where they need none. */
  get adapter(): string | undefined {
    return this.base === undefined ? undefined : this.model
  }

  /** Tokens in one block of prompt text, by the learned ratio. */
  get tokensPerBlock(): number {
    return BLOCK_BYTES / this.bytesPerToken.value
  }

  /** Replaces the members; call again whenever readiness or draining of one of them changes. */
  setEndpoints(endpoints: readonly EndpointState[]): void {
    this.#endpoints = endpoints
    this.#eligible = endpoints.filter((endpoint) => endpoint.eligible)
  }
}
