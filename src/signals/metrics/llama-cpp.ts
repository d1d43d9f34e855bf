import { z } from 'zod'
import type { EngineReading } from './engine-reading.ts'
import type { EngineTable } from './engine-table.ts'
import { modelsRoute } from './models-route.ts'
import { count, jsonReader, word } from './read-json.ts'
import { metricsReader } from './read-metrics.ts'
import { UNKNOWN_LOAD } from './sum-ranks.ts'

const PROCESSED = 'llamacpp:prompt_tokens_total'
const CACHED = 'llamacpp:prompt_tokens_cached_total'

const slot = z.object({
  n_ctx: count,
  is_processing: z.boolean().optional().catch(undefined),
  /** Missing until the slot had its first request. */
  n_prompt_tokens: count,
})

const props = z.object({
  total_slots: count,
  is_sleeping: z.boolean().optional().catch(undefined),
  build_info: word,
})

/**
 * llama.cpp's server: load on a metrics page with `--metrics`, slots with `--slots` (on by default in newer builds). Its
 * gauges of KV usage are gone since 2025 (ggml-org/llama.cpp#13660): how full it is follows from the slots. A slot serves
 * one request, so slots are what may run at once; deferred requests are its queue.
 */
export const llamaCpp: EngineTable = {
  engine: 'llama-cpp',
  title: 'llama.cpp',
  signs: { families: ['llamacpp:'], ownedBy: ['llamacpp'], server: 'llama.cpp' },
  routes: [
    {
      path: '/slots',
      kind: 'load',
      every: 1,
      // Unlike all its other routes that are asked (measured with build b11669).
      wakes: true,
      switchOn: 'start it with --slots',
      read: jsonReader(z.array(slot).min(1), readSlots),
    },
    {
      path: '/metrics',
      kind: 'load',
      every: 0,
      switchOn: 'start it with --metrics',
      read: metricsReader(
        {
          rankLabel: undefined,
          perRank: {
            waiting: ['llamacpp:requests_deferred'],
            running: ['llamacpp:requests_processing'],
            prefixCacheHitTokens: [CACHED],
          },
          whole: { promptTokens: [PROCESSED], generatedTokens: ['llamacpp:tokens_predicted_total'] },
          others: [],
        },
        // The counter of prompt tokens leaves those out that were found in the cache.
        ([rank], families) => {
          const hits = rank?.prefixCacheHitTokens
          const processed = families.get(PROCESSED)?.[0]?.value
          if (rank === undefined || hits === undefined || processed === undefined) return {}
          const queried = hits + processed
          return {
            ranks: [{ ...rank, prefixCacheQueriedTokens: queried }],
            facts: { prefixCacheQueriedTokens: queried, promptTokens: queried },
          }
        },
      ),
    },
    {
      path: '/props',
      kind: 'facts',
      every: 10,
      read: jsonReader(props, ({ total_slots: slots, is_sleeping: asleep, build_info: version }) => ({
        maxRunning: slots,
        asleep,
        version,
      })),
    },
    modelsRoute,
  ],
}

/** Prompts of running requests only, as other engines count: what an idle slot still holds may be overwritten. */
function readSlots(slots: z.output<typeof slot>[]): Partial<EngineReading> {
  const capacity = slots.reduce((sum, { n_ctx: context }) => sum + (context ?? Number.NaN), 0)
  const busy = slots.filter(({ is_processing: processing }) => processing === true)
  const held = busy.reduce((sum, { n_prompt_tokens: tokens }) => sum + (tokens ?? 0), 0)
  const known = slots.every(({ is_processing: processing }) => processing !== undefined)
  const load = {
    running: known ? busy.length : undefined,
    kvUsage: known && capacity > 0 ? Math.min(1, held / capacity) : undefined,
    kvCapacityTokens: capacity > 0 ? capacity : undefined,
  }
  return { ...load, maxRunning: slots.length, perRank: [{ ...UNKNOWN_LOAD, rank: 0, ...load }] }
}
