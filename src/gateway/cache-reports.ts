import type { EndpointState } from '../core/endpoint-state.ts'
import type { ReportedUsage } from '../core/outcome.ts'
import type { RouteName } from '../protocol/route.ts'

/** Answers in a row without a word about the cache after which nothing is concluded any more. */
const MOST_SILENT = 20

/**
 * Tells "nothing was cached" from "nothing is said about the cache", for engines that leave cached tokens out in both
 * cases: who has reported some on a route does report there, so that its silence means none. A long silence means
 * that the engine was started anew without that option, and concluding "none" from it would empty the index.
 */
export class CacheReports {
  /** Silent answers since the last report. */
  readonly #silent = new WeakMap<EndpointState, Map<RouteName, number>>()

  /** The usage of an answer, with cached tokens where silence says that there were none. */
  complete(endpoint: EndpointState, route: RouteName, usage: ReportedUsage | undefined): ReportedUsage | undefined {
    if (usage?.promptTokens === undefined) return usage
    if (usage.cachedTokens !== undefined) {
      this.#routesOf(endpoint).set(route, 0)
      return usage
    }
    const silent = this.#silent.get(endpoint)?.get(route)
    if (silent === undefined || silent >= MOST_SILENT) return usage
    this.#routesOf(endpoint).set(route, silent + 1)
    return { ...usage, cachedTokens: 0 }
  }

  #routesOf(endpoint: EndpointState): Map<RouteName, number> {
    let routes = this.#silent.get(endpoint)
    if (routes === undefined) this.#silent.set(endpoint, (routes = new Map()))
    return routes
  }
}
