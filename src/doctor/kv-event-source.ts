/** Where an engine publishes its KV events. */
export interface KvEventSource {
  /** `tcp://10.0.0.7:5557`, or `pull` where they are fetched from the endpoint itself. */
  readonly address: string
  /** Where it answers requests for events that were missed. */
  readonly replay?: string | undefined
  /** Who says so, for the report. */
  readonly from: string
}

/** Whether events are fetched, which takes them away from whoever else fetches them. */
export function isPulled({ address }: Pick<KvEventSource, 'address'>): boolean {
  return address === 'pull'
}

/** An address as it can be dialled: `*`, `::` and `0.0.0.0`, where an engine listens, become the host of its URL. */
export function dialled(address: string, url: string): string {
  const { hostname } = new URL(url)
  return address.replace(/^tcp:\/\/(?:\*|0\.0\.0\.0|\[?::\]?)(?=:)/, `tcp://${hostname}`)
}

/** Host and port of a `tcp://` address; undefined where it has none that can be dialled. */
export function tcpTarget(address: string): { readonly host: string; readonly port: number } | undefined {
  const match = /^tcp:\/\/(\[[0-9a-fA-F:.%]+\]|[^:/[\]*\s]+):(\d{1,5})$/.exec(address)
  const port = Number(match?.[2])
  if (match?.[1] === undefined || port < 1 || port > 65_535) return undefined
  return { host: match[1].replace(/^\[|\]$/g, ''), port }
}
