import type { EngineModel } from '../engine/engine-model.ts'
import type { EngineDriver } from './engine-driver.ts'
import { EngineError } from './engine-error.ts'
import type { EngineOptions } from './engine-options.ts'
import type { EngineTimings } from './engine-timings.ts'
import type { Faults } from './faults.ts'
import type { Generation } from './generation.ts'
import type { PromptWriter } from './prompt-writer.ts'
import type { ReplyHead } from './reply-shape.ts'

/** Everything the routes of one engine share. */
export interface EngineContext {
  readonly options: EngineOptions
  /** Most tokens of prompt and answer together. */
  readonly contextTokens: number
  readonly model: EngineModel<Generation>
  readonly driver: EngineDriver
  readonly timings: EngineTimings
  /** Free for whoever renders a prompt, until control is given back. */
  readonly writer: PromptWriter
  faults: Faults
}

/** Throws an EngineError of status 404 when a request names a model that is not served here. */
export function checkModel({ options }: EngineContext, model: string | null | undefined): void {
  if (model === undefined || model === null || model === '' || model === options.model) return
  throw new EngineError(404, `The model \`${model}\` does not exist.`, 'model')
}

/** What the answer to a request begins with. */
export function replyHead({ options }: EngineContext, id: string): ReplyHead {
  return { id, created: Math.floor(Date.now() / 1000), model: options.model }
}
