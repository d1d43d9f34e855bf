import type { ConfigEndpoint } from '../config/config.ts'
import { dataParallelRank } from '../config/data-parallel-rank.ts'

/** Where one endpoint's KV events come from. */
export interface KvEventsPlan {
  readonly address: string
  /** Where they are fetched; undefined when the engine publishes them at the address. */
  readonly pulled: PullTarget | undefined
  /** True when the engine connects to the address. */
  readonly bind: boolean
  readonly replay: string | undefined
  readonly topic: string
  readonly encoding: 'auto' | 'vllm' | 'sglang' | 'tensorrt-llm'
  /** Data-parallel rank; undefined when the endpoint is all there is. */
  readonly rank: number | undefined
  /** Seconds. */
  readonly silentAfter: number
}

/** Whom to ask for events. */
export interface PullTarget {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
}

/** What the configuration says about an endpoint's events; undefined when it publishes none. */
export function kvEventsPlan({ url, headers, kvEvents }: ConfigEndpoint): KvEventsPlan | undefined {
  if (kvEvents === undefined) return undefined
  const { address, bind, replay, topic, encoding, rank, silentAfter } = kvEvents
  const pulled = address === 'pull'
  return {
    pulled: pulled ? { url, headers } : undefined,
    address: bind ? address : atHostOf(url, address),
    bind,
    replay: replay === undefined ? undefined : atHostOf(url, replay),
    topic,
    encoding: pulled ? 'tensorrt-llm' : encoding,
    rank: rank ?? dataParallelRank(headers),
    silentAfter,
  }
}

/**
 * Engines are configured with `tcp://*:5557` or `tcp://[::]:5557`, which is where they listen: one connects to the host they
 * run on.
 */
function atHostOf(url: string, address: string): string {
  return address.replace(/^tcp:\/\/(?:\*|0\.0\.0\.0|\[?::\]?):(?=[^:]*$)/, () => `tcp://${new URL(url).hostname}:`)
}
