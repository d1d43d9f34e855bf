import type { SimulatedEndpoint } from './scenario.ts'

/** Something that happens to an endpoint. */
export interface EndpointChange {
  readonly at: number
  /** Place in the scenario's list of endpoints. */
  readonly endpoint: number
  readonly kind: 'join' | 'drain' | 'fail' | 'recover'
}

/** Everything that will happen to endpoints, in no order. What leaves during an outage does not recover. */
export function endpointChanges(endpoints: readonly SimulatedEndpoint[]): EndpointChange[] {
  return endpoints.flatMap(({ joinsAt, leavesAt, outages }, endpoint) => {
    const changes: EndpointChange[] = [{ at: joinsAt, endpoint, kind: 'join' }]
    for (const { from, to } of outages) {
      if (from < leavesAt) changes.push({ at: from, endpoint, kind: 'fail' })
      if (to < leavesAt) changes.push({ at: to, endpoint, kind: 'recover' })
    }
    if (Number.isFinite(leavesAt)) changes.push({ at: leavesAt, endpoint, kind: 'drain' })
    return changes
  })
}
