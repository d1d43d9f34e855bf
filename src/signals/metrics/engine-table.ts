import type { EngineReading } from './engine-reading.ts'

export type EngineName = 'vllm' | 'sglang' | 'llama-cpp' | 'tensorrt-llm' | 'tgi' | 'lmdeploy' | 'ollama' | 'openai'

/** What is wrong with an answer: it is no metrics (or no JSON of the expected form), or holds nothing that is known. */
export type ReadingProblem = 'not-metrics' | 'no-families'

export type RouteReading =
  | { readonly reading: Partial<EngineReading> }
  /** Nothing has happened since the last time it was asked. */
  | { readonly unchanged: true }
  | { readonly problem: ReadingProblem; readonly found: string }

/** One route of an engine from which something is read. */
export interface EngineRoute {
  readonly path: string
  /** Load changes from moment to moment; facts are asked for now and then. */
  readonly kind: 'load' | 'facts'
  /** Seconds between two requests at least; 0 asks as often as the endpoint is polled at all. */
  readonly every: number
  /** While that other route of the engine answers, this one is asked only this often (Infinity: never). */
  readonly spare?: { readonly path: string; readonly every: number }
  /** True when asking wakes a sleeping engine: then it is asked once, and while there are requests. */
  readonly wakes?: true
  /** What the operator has to do when the route is not there; undefined when its absence is normal. */
  readonly switchOn?: string
  /** Reads an answer with status 200. Never throws. */
  readonly read: (text: string) => RouteReading
}

/** By what an engine is told from the others. */
export interface EngineSigns {
  /** Beginnings of family names on its metrics page. */
  readonly families: readonly string[]
  /** `owned_by` in its list of models. */
  readonly ownedBy: readonly string[]
  /** Its `server` header, where it names itself there. */
  readonly server?: string
}

/** Everything that is known about reading one engine. */
export interface EngineTable {
  readonly engine: EngineName
  /** As its makers write it. */
  readonly title: string
  readonly signs: EngineSigns
  /** True when it puts its load into the header of an answer that is asked for it: see `load-header.ts`. */
  readonly answersTellLoad?: true
  /** Later routes overrule earlier ones where both know a field. */
  readonly routes: readonly EngineRoute[]
}
