import { z } from 'zod'
import type { EngineTable } from './engine-table.ts'
import { count, jsonReader, word } from './read-json.ts'
import { metricsReader } from './read-metrics.ts'

/** The form of `GET /info`. */
export const tgiInfo = z.object({
  model_id: z.string(),
  version: word,
  max_total_tokens: count,
  max_batch_total_tokens: count,
})

/** Text Generation Inference: load on its metrics page, limits at `/info`. It tells nothing about its KV cache. */
export const tgi: EngineTable = {
  engine: 'tgi',
  title: 'TGI',
  signs: { families: ['tgi_'], ownedBy: [] },
  routes: [
    {
      path: '/metrics',
      kind: 'load',
      every: 0,
      read: metricsReader({
        rankLabel: undefined,
        perRank: { waiting: ['tgi_queue_size'], running: ['tgi_batch_current_size'] },
        whole: {},
        others: [],
      }),
    },
    {
      path: '/info',
      kind: 'facts',
      every: 60,
      read: jsonReader(tgiInfo, (info) => ({
        modelIds: [info.model_id],
        version: info.version,
        maxModelLen: info.max_total_tokens,
        // What its scheduler lets into the batch, which is sized after the memory left for the KV cache.
        kvCapacityTokens: info.max_batch_total_tokens,
      })),
    },
  ],
}
