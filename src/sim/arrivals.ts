import type { PreparedWorkload } from './prepared-workload.ts'

/** Requests in the order in which they come, and when, where the workload alone says so. */
export interface Arrivals {
  /** Numbers of the requests, first one first. */
  readonly order: readonly number[]
  /** By number of the request, in seconds. */
  readonly times: Float64Array
}

/** The arrivals of a workload. Throws a RangeError unless every request comes at a recorded time. */
export function arrivalsOf({ workload, requests }: PreparedWorkload): Arrivals {
  const times = Float64Array.from(requests, ({ session, recorded: { id, offset } }) => {
    if (workload.pacing === 'open' && offset !== undefined) return (workload.sessions[session]?.start ?? 0) + offset
    throw new RangeError(`bounds need requests at recorded times (pacing open); ${id} of ${workload.name} has none`)
  })
  const order = requests.map(({ number }) => number).sort((a, b) => times[a]! - times[b]! || a - b)
  return { order, times }
}
