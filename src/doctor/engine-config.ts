import { z } from 'zod'
import { parsePrometheus } from '../signals/metrics/parse-prometheus.ts'
import type { Subject } from './check.ts'
import { dialled, type KvEventSource } from './kv-event-source.ts'
import { parseJson } from './parse-json.ts'

/** What an engine's own configuration says, as far as it shows it. */
export interface EngineConfig {
  readonly prefixCaching?: boolean | undefined
  readonly hashAlgorithm?: string | undefined
  readonly kvEventsConfigured?: boolean | undefined
  readonly kvEventSource?: KvEventSource | undefined
  /** True when routes for developers are open, which can clear the cache. */
  readonly devMode?: boolean | undefined
}

const flag = z.boolean().optional().catch(undefined)
const word = z.string().min(1).nullish().catch(undefined)

const eventsConfig = z.object({
  enable_kv_cache_events: flag,
  publisher: word,
  endpoint: word,
  replay_endpoint: word,
})

type EventsConfig = z.output<typeof eventsConfig>

/** `GET /server_info?config_format=json` of vLLM in developer mode. */
const vllmInfo = z.object({
  vllm_config: z.object({
    cache_config: z.object({ enable_prefix_caching: flag, prefix_caching_hash_algo: word }).optional().catch(undefined),
    kv_events_config: eventsConfig.nullish().catch(undefined),
  }),
})

const ranked = eventsConfig.extend({ data_parallel_rank: z.int().optional() })

/** `GET /kv_event_sources` of vLLM since vllm-project/vllm#55844: by rank, in some versions as a list. Rank 0 first. */
const vllmSources = z.union([
  z.array(ranked),
  z.object({ sources: z.array(ranked) }).transform(({ sources }) => sources),
  z
    .record(z.string().regex(/^\d+$/), ranked)
    .transform((byRank) => Object.entries(byRank).map(([rank, one]) => ({ ...one, data_parallel_rank: Number(rank) }))),
])

/** `GET /server_info` of SGLang: its arguments. The configuration of events is JSON in a string. */
const sglangInfo = z.object({
  disable_radix_cache: flag,
  kv_events_config: z
    .string()
    .nullish()
    .transform((text) => (typeof text === 'string' ? parseJson(eventsConfig, text) : text))
    .catch(undefined),
})

/** Asks an engine for its configuration, where it has a route for that. Rejects when it does not answer. */
export async function readEngineConfig(subject: Subject): Promise<EngineConfig> {
  if (subject.facts.engine === 'vllm') return await readVllm(subject)
  if (subject.facts.engine === 'sglang') return await readSglang(subject)
  return {}
}

async function readVllm({ http, url, facts }: Subject): Promise<EngineConfig> {
  const page = facts.routes?.find(({ route }) => route.path === '/metrics')?.text ?? ''
  const infoAnswer = await http.call({ path: '/server_info?config_format=json' })
  const info = infoAnswer.status === 200 ? parseJson(vllmInfo, infoAnswer.text)?.vllm_config : undefined
  const sourcesAnswer = await http.call({ path: '/kv_event_sources' })
  const sources = sourcesAnswer.status === 200 ? parseJson(vllmSources, sourcesAnswer.text) : undefined
  const own = sources?.find(({ data_parallel_rank: rank = 0 }) => rank === 0)
  return {
    ...vllmCaching(page, info),
    kvEventsConfigured: vllmPublishes(sources, info),
    kvEventSource:
      own === undefined
        ? sourceOf(info?.kv_events_config, url, 'GET /server_info')
        : sourceOf(own, url, 'GET /kv_event_sources'),
    devMode: infoAnswer.status === 200,
  }
}

type VllmConfig = z.output<typeof vllmInfo>['vllm_config']

/** The labels of the metrics page are there by default, the whole configuration in developer mode only. */
function vllmCaching(page: string, info: VllmConfig | undefined): EngineConfig {
  const labels = cacheLabels(page)
  const config = info?.cache_config
  return {
    prefixCaching: pythonBoolean(labels?.get('enable_prefix_caching')) ?? config?.enable_prefix_caching,
    hashAlgorithm: labels?.get('prefix_caching_hash_algo') ?? config?.prefix_caching_hash_algo ?? undefined,
  }
}

/** No source in a list that exists, or no configuration where one is shown, means that events are off. */
function vllmPublishes(
  sources: z.output<typeof vllmSources> | undefined,
  info: VllmConfig | undefined,
): boolean | undefined {
  if (sources !== undefined) return sources.length > 0
  if (info?.kv_events_config === undefined) return undefined
  return info.kv_events_config?.enable_kv_cache_events === true
}

function cacheLabels(page: string): ReadonlyMap<string, string> | undefined {
  const parsed = parsePrometheus(page, new Set(['vllm:cache_config_info']))
  return 'families' in parsed ? parsed.families.get('vllm:cache_config_info')?.[0]?.labels : undefined
}

function pythonBoolean(text: string | undefined): boolean | undefined {
  return text === 'True' ? true : text === 'False' ? false : undefined
}

async function readSglang({ http, url }: Subject): Promise<EngineConfig> {
  let answer = await http.call({ path: '/server_info' })
  if (answer.status === 404) answer = await http.call({ path: '/get_server_info' })
  const info = answer.status === 200 ? parseJson(sglangInfo, answer.text) : undefined
  if (info === undefined) return {}
  const { disable_radix_cache: disabled, kv_events_config: events } = info
  return {
    prefixCaching: disabled === undefined ? undefined : !disabled,
    kvEventsConfigured: events === undefined ? undefined : typeof events?.publisher === 'string',
    kvEventSource: sourceOf(events, url, 'GET /server_info'),
  }
}

function sourceOf(config: EventsConfig | null | undefined, url: string, from: string): KvEventSource | undefined {
  if (typeof config?.endpoint !== 'string' || config.publisher === 'null') return undefined
  const replay = config.replay_endpoint
  return { address: dialled(config.endpoint, url), ...(replay ? { replay: dialled(replay, url) } : {}), from }
}
