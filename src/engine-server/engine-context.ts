import type { Adapters } from './adapters.ts'
import type { Chance } from './chance.ts'
import { EngineError } from './engine-error.ts'
import type { EngineOptions } from './engine-options.ts'
import type { EngineRank } from './engine-rank.ts'
import type { Faults } from './faults.ts'
import type { Adapter } from './kv/block-content.ts'
import type { PromptWriter } from './prompt-writer.ts'
import type { ReplyHead } from './reply-shape.ts'
import type { EngineTokenizer } from './tokens/engine-tokenizer.ts'

/** Everything the routes of one engine share. */
export interface EngineContext {
  readonly options: EngineOptions
  /** Most tokens of prompt and answer together. */
  readonly contextTokens: number
  /** The data-parallel ranks, one at least. */
  readonly ranks: readonly EngineRank[]
  readonly adapters: Adapters
  /** A model's own tokenizer; without one four bytes are a token. */
  readonly tokenizer: EngineTokenizer | undefined
  readonly chance: Chance
  /** Free for whoever renders a prompt, until control is given back. */
  readonly writer: PromptWriter
  /** When the combinations of adapters that ever ran or waited were seen last, for vLLM's metrics: seconds since 1970. */
  readonly adapterSeries: Map<string, number>
  faults: Faults
  /** Does what a new process does: restarts every rank and its events. */
  restart(): Promise<void>
  /** Stops listening; restarts after so many seconds, or never. */
  crash(downSeconds: number | undefined): Promise<void>
}

/**
 * The adapter that a request's model names, undefined for the model itself. Throws an EngineError of status 404 when it
 * names neither.
 */
export function checkModel(
  { options, adapters }: EngineContext,
  model: string | null | undefined,
): Adapter | undefined {
  if (model === undefined || model === null || model === '' || model === options.model) return undefined
  // SGLang is asked for an adapter behind the model, and takes its bare name for the model.
  const behind = options.flavor === 'sglang'
  const prefix = behind ? `${options.model}:` : ''
  const adapter = model.startsWith(prefix) ? adapters.find(model.slice(prefix.length)) : undefined
  if (adapter !== undefined) return adapter
  if (behind && adapters.find(model) !== undefined) return undefined
  throw new EngineError(404, `The model \`${model}\` does not exist.`, 'model')
}

/** What the answer to a request begins with. */
export function replyHead({ options }: EngineContext, id: string, adapter?: Adapter): ReplyHead {
  const { model, reportCachedTokens } = options
  return { id, created: Math.floor(Date.now() / 1000), model: adapter?.name ?? model, reportCachedTokens }
}
