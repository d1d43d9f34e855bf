import { z } from 'zod'
import type { EngineReading } from './engine-reading.ts'
import type { EngineRoute } from './engine-table.ts'
import { count, jsonReader, word } from './read-json.ts'

/** The form of `GET /v1/models`, with what the engines add to it. */
export const modelList = z.object({
  data: z.array(
    z.object({
      id: z.string(),
      owned_by: word,
      /** vLLM, SGLang. */
      max_model_len: count,
      /** llama.cpp: `n_ctx` of a slot. */
      meta: z.object({ n_ctx: count }).optional().catch(undefined),
    }),
  ),
})

/** `GET /v1/models`: the names, and the longest context of any of them. */
export const modelsRoute: EngineRoute = {
  path: '/v1/models',
  kind: 'facts',
  every: 60,
  read: jsonReader(modelList, ({ data }): Partial<EngineReading> => {
    const lengths = data.flatMap(({ max_model_len: length, meta }) => length ?? meta?.n_ctx ?? [])
    return {
      modelIds: data.map(({ id }) => id),
      maxModelLen: lengths.length === 0 ? undefined : Math.max(...lengths),
    }
  }),
}

/** A route that answers `{version}`. */
export function versionRoute(path: string): EngineRoute {
  return {
    path,
    kind: 'facts',
    every: 600,
    read: jsonReader(z.object({ version: word }), ({ version }) => ({ version })),
  }
}
