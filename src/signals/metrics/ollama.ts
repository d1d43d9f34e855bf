import { z } from 'zod'
import type { EngineTable } from './engine-table.ts'
import { modelsRoute, versionRoute } from './models-route.ts'
import { count, jsonReader } from './read-json.ts'

/**
 * Ollama: no metrics and no load. It loads models on demand, so which ones are in memory is worth asking for: a request
 * for another one first waits for its weights.
 */
export const ollama: EngineTable = {
  engine: 'ollama',
  title: 'Ollama',
  signs: { families: [], ownedBy: ['library'] },
  routes: [
    modelsRoute,
    {
      path: '/api/ps',
      kind: 'facts',
      every: 5,
      read: jsonReader(
        z.object({ models: z.array(z.object({ name: z.string(), context_length: count })) }),
        ({ models }) => {
          const lengths = models.flatMap(({ context_length: length }) => length ?? [])
          return {
            loadedModels: models.map(({ name }) => name),
            maxModelLen: lengths.length === 0 ? undefined : Math.max(...lengths),
          }
        },
      ),
    },
    versionRoute('/api/version'),
  ],
}
