import type { EngineContext } from '../engine-context.ts'
import type { ReadyReply, RouteTable } from '../engine-route.ts'
import { always, answers } from '../engine-route.ts'
import { tensorrtIterations } from '../metrics/tensorrt-page.ts'

/** The routes that `trtllm-serve` has and others do not, or not like this. */
export function tensorrtRoutes(): RouteTable {
  let iterations = 0
  return [
    ['GET /metrics', always((context) => ({ body: tensorrtIterations(context, ++iterations) }))],
    ['POST /kv_cache_events', { errors: undefined, always: false, reply: kvCacheEvents }],
    ['GET /server_info', answers(({ options }) => ({ model: options.model, dp_size: options.dataParallelSize }))],
  ]
}

/** Events since somebody last asked, of all ranks; they are gone then. An engine without events has none. */
function kvCacheEvents({ ranks }: EngineContext): ReadyReply {
  const lists = ranks.flatMap(({ pulled }) => pulled?.drain() ?? [])
  const entries = lists.map((list) => list.slice(1, -1)).filter((list) => list !== '')
  return { body: `[${entries.join(',')}]` }
}
