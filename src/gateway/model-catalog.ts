import { z } from 'zod'
import type { Fleet } from '../core/fleet.ts'

const entry = z.looseObject({
  id: z.string(),
  /** vLLM and SGLang list an adapter as a model with a parent. */
  parent: z.string().nullish().catch(undefined),
})
const modelList = z.object({ data: z.array(entry) })

type ModelEntry = z.infer<typeof entry>

/** What an engine's list of models says. */
export interface LearnedModels {
  readonly models: readonly string[]
  /** The base model of each that is an adapter. */
  readonly parents: ReadonlyMap<string, string>
}

/** What the engines say about their models, for the gateway's own `GET /v1/models`. */
export class ModelCatalog {
  readonly #entries = new Map<string, readonly ModelEntry[]>()

  /**
   * Takes in an engine's answer to `GET /v1/models`. Returns the models, or undefined when it is no such list.
   */
  learn(endpointId: string, body: string): LearnedModels | undefined {
    const entries = parseList(body)
    if (entries === undefined) return undefined
    this.#entries.set(endpointId, entries)
    return {
      models: entries.map(({ id }) => id),
      parents: new Map(entries.flatMap(({ id, parent }) => (parent ? [[id, parent] as const] : []))),
    }
  }

  /** The models of all ready endpoints, each once, and the aliases of those models. */
  list(fleet: Fleet): ModelEntry[] {
    const ready = fleet.endpoints.filter((endpoint) => endpoint.ready)
    const union = new Map<string, ModelEntry>()
    for (const { id } of ready) {
      const served = fleet.served(id)
      for (const known of this.#entries.get(id) ?? []) {
        if (!union.has(known.id) && served.includes(known.id)) union.set(known.id, known)
      }
    }
    // What no engine lists: models that the operator names, and adapters that are loaded when they are wanted.
    for (const model of fleet.readyModels()) {
      if (!union.has(model)) union.set(model, ownEntry(model, fleet.baseOf(model)))
    }
    for (const [alias, model] of fleet.aliases) {
      const target = union.get(model)
      if (target !== undefined && !union.has(alias)) union.set(alias, { ...target, id: alias, root: model })
    }
    return [...union.values()]
  }
}

function ownEntry(id: string, base: string | undefined): ModelEntry {
  const model = { id, object: 'model', created: 0, owned_by: 'kvasir' }
  return base === undefined ? model : { ...model, root: id, parent: base }
}

function parseList(body: string): ModelEntry[] | undefined {
  try {
    const parsed = modelList.safeParse(JSON.parse(body))
    return parsed.success ? parsed.data.data : undefined
  } catch {
    return undefined
  }
}
