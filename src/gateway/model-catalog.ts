import { z } from 'zod'
import type { Fleet } from '../core/fleet.ts'

const entry = z.looseObject({ id: z.string() })
const modelList = z.object({ data: z.array(entry) })

type ModelEntry = z.infer<typeof entry>

/** What the engines say about their models, for the gateway's own `GET /v1/models`. */
export class ModelCatalog {
  readonly #entries = new Map<string, readonly ModelEntry[]>()

  /**
   * Takes in an engine's answer to `GET /v1/models`. Returns the model names, or undefined when it is no such list.
   */
  learn(endpointId: string, body: string): string[] | undefined {
    const entries = parseList(body)
    if (entries === undefined) return undefined
    this.#entries.set(endpointId, entries)
    return entries.map(({ id }) => id)
  }

  /** The models of all ready endpoints, each once, and the aliases of those models. */
  list(fleet: Fleet): ModelEntry[] {
    const ready = fleet.endpoints.filter((endpoint) => endpoint.ready)
    const union = new Map<string, ModelEntry>()
    for (const { id } of ready) {
      for (const model of fleet.modelsOf(id) ?? []) {
        if (!union.has(model)) union.set(model, this.#entryOf(id, model))
      }
    }
    for (const [alias, model] of fleet.aliases) {
      const target = union.get(model)
      if (target !== undefined && !union.has(alias)) union.set(alias, { ...target, id: alias, root: model })
    }
    return [...union.values()]
  }

  #entryOf(endpointId: string, model: string): ModelEntry {
    const known = this.#entries.get(endpointId)?.find(({ id }) => id === model)
    return known ?? { id: model, object: 'model', created: 0, owned_by: 'kvasir' }
  }
}

function parseList(body: string): ModelEntry[] | undefined {
  try {
    const parsed = modelList.safeParse(JSON.parse(body))
    return parsed.success ? parsed.data.data : undefined
  } catch {
    return undefined
  }
}
