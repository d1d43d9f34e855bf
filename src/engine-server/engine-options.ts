import type { EngineProfile } from '../engine/profile.ts'
import { DEFAULT_PROFILE, profileNamed } from '../engine/profiles.ts'
import type { Faults } from './faults.ts'
import { NO_FAULTS } from './faults.ts'
import type { Flavor, MetricsForm } from './flavor.ts'
import type { CachedTokensReport } from './reply-shape.ts'
import type { KvEventOptions } from './kv/kv-event-options.ts'

/** How a simulated engine behaves. */
export interface EngineOptions {
  /** Port to listen on; 0 takes any free one. */
  readonly port: number
  readonly host: string
  /** Name of the served model. */
  readonly model: string
  readonly profile: EngineProfile
  /** Virtual seconds per second: 10 makes everything ten times as fast. */
  readonly speed: number
  /** Most tokens of prompt and answer together; never more than the KV cache holds. */
  readonly maxModelLen: number
  /** Requests that may wait before further ones are refused with 503; without it there is no limit. */
  readonly maxQueuedRequests?: number
  /** Answers, early stops and faults follow from it: engines with the same seed answer alike. */
  readonly seed: number
  /** Length of an answer whose request names no limit, in tokens. */
  readonly defaultOutputTokens: number
  /** Share of answers that end by themselves, somewhere before their limit: 0 to 1. */
  readonly earlyStop: number
  /** Seconds after which an idle connection is closed; 5 is uvicorn's. */
  readonly keepAliveSeconds: number
  /** Seconds after the start in which every route but `/metrics` answers 503. */
  readonly startupDelay: number
  readonly faults: Faults
  /** Whose routes, errors and list of models it has. */
  readonly flavor: Flavor
  /** Under whose names it reports metrics; those of the flavour by default. */
  readonly metrics?: MetricsForm
  /** Publishes what its cache holds; without it nothing is published, and nothing is computed for it. */
  readonly kvEvents?: KvEventOptions
  /** False for an engine that finds nothing of an earlier request: nothing is cached, reported or published. */
  readonly prefixCaching: boolean
  /** When OpenAI's answers tell how many tokens of a prompt were cached. */
  readonly reportCachedTokens: CachedTokensReport
  /** Engines behind the port, each with a cache and a batch of its own. */
  readonly dataParallelSize: number
  /** Adapters that are there from the start, `NAME` or `NAME=PATH`; none can be used or loaded when undefined. */
  readonly loras?: readonly string[]
  /** Adapters whose requests may be in a batch together; 1, as in vLLM, by default. */
  readonly maxLoras: number
  /** A model's folder or a `.gguf` file whose tokenizer is used instead of tokens of four bytes. */
  readonly tokenizer?: string
  /** Called when the engine crashes for good; a program then ends. */
  readonly onCrash?: () => void
}

/** The options with everything that was left out filled in. */
export function engineOptions(given: Partial<EngineOptions>): EngineOptions {
  return {
    port: 0,
    host: '127.0.0.1',
    model: 'simulated',
    profile: profileNamed(DEFAULT_PROFILE),
    speed: 1,
    maxModelLen: 131_072,
    seed: 0,
    defaultOutputTokens: 128,
    earlyStop: 0,
    keepAliveSeconds: 5,
    startupDelay: 0,
    faults: NO_FAULTS,
    flavor: 'vllm',
    prefixCaching: true,
    reportCachedTokens: 'always',
    dataParallelSize: 1,
    maxLoras: 1,
    ...given,
  }
}
