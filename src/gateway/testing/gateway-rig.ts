import { fleetFixture } from '../../core/testing/fleet-fixture.ts'
import type { RequestRecord } from '../../core/request-record.ts'
import { BlockHasher } from '../../prefix/block-hasher.ts'
import type { EngineName } from '../../protocol/engine-quirks.ts'
import { BodyBuffers } from '../body-buffers.ts'
import type { GatewaySettings } from '../gateway-context.ts'
import { GatewayServer } from '../gateway-server.ts'
import { ModelCatalog } from '../model-catalog.ts'
import { Upstream } from '../upstream.ts'

/** An endpoint of the rig; all serve model `m`, which can be called `alias`. */
export interface RigEndpoint {
  readonly url: string
  readonly engine?: EngineName
  /** Nobody knows how to reach it: a fault of the router's own. */
  readonly unreachable?: boolean
}

export interface GatewayRig extends AsyncDisposable {
  /** Base URL. */
  readonly url: string
  /** Requests that ended, oldest first. */
  readonly records: readonly RequestRecord[]
  /** Reasons of attempts given up for another endpoint. */
  readonly retries: readonly string[]
  /** What was counted against the health of an endpoint, as `id reason`. */
  readonly faults: readonly string[]
  /** What was reported as a fault of the router's own; without an endpoint that causes one, it is thrown. */
  readonly ownFaults: readonly unknown[]
  /** Requests in flight on each endpoint. */
  inFlight(): number[]
}

/**
 * A gateway on a real socket in front of these endpoints, `e0` and so on; without probes, all are ready. The first
 * request goes to `e0`, later ones to the one with the fewest in flight, in turn.
 */
export async function gatewayRig(
  endpoints: readonly RigEndpoint[],
  settings: Partial<GatewaySettings> = {},
): Promise<GatewayRig> {
  const ids = endpoints.map((_, i) => `e${i}`)
  const { fleet, scheduler, time } = fleetFixture(ids)
  fleet.setAliases(new Map([['alias', 'm']]))
  const timeouts = { connectTimeout: 5, firstByteTimeout: 0, idleTimeout: 0, keepAlive: 4, headers: {} }
  const upstreams = new Map(endpoints.map(({ url }, i) => [`e${i}`, new Upstream(url, timeouts)]))
  const records: RequestRecord[] = []
  const retries: string[] = []
  const faults: string[] = []
  const ownFaults: unknown[] = []
  const context = {
    fleet,
    scheduler,
    hasher: new BlockHasher(),
    observer: {
      decided: () => undefined,
      retried: (_decision: unknown, reason: string) => void retries.push(reason),
      ended: (record: RequestRecord) => void records.push(record),
    },
    buffers: new BodyBuffers(),
    health: {
      succeeded: () => undefined,
      failed: ({ id }: { readonly id: string }, reason: string) => void faults.push(`${id} ${reason}`),
    },
    settings: {
      bodyLimit: 1 << 20,
      maxAttempts: 3,
      headers: { requestId: 'x-request-id', decisions: true, compatible: false },
      dropHeaders: new Set<string>(),
      tenantHeader: undefined,
      askUsage: 'none' as const,
      holdHead: 5,
      ...settings,
    },
    reportFault(_request: string, error: unknown) {
      if (!endpoints.some(({ unreachable }) => unreachable === true)) throw error
      ownFaults.push(error)
    },
    upstreamOf({ id }: { readonly id: string }) {
      const upstream = upstreams.get(id)
      if (upstream === undefined || endpoints[ids.indexOf(id)]?.unreachable === true)
        throw new Error(`no upstream for ${id}`)
      return upstream
    },
    engineOf: ({ id }: { readonly id: string }) => endpoints[Number(id.slice(1))]?.engine,
    clock: () => (time.now = performance.now() / 1000),
    wallClock: Date.now,
  }
  const server = new GatewayServer(context, new ModelCatalog(), { host: '127.0.0.1', port: 0, headerLimit: 16_384 })
  const { port } = await server.listen()
  return {
    url: `http://127.0.0.1:${port}`,
    records,
    retries,
    faults,
    ownFaults,
    inFlight: () => fleet.endpoints.map(({ signals }) => signals.inFlight),
    async [Symbol.asyncDispose]() {
      await server.drain(0)
      for (const upstream of upstreams.values()) await upstream.destroy()
    },
  }
}
