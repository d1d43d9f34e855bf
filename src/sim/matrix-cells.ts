import { profileNamed } from '../engine/profiles.ts'
import type { Fleet } from './matrix-fleet.ts'
import type { MatrixDimensions } from './matrix-settings.ts'
import type { RouterView } from './scenario.ts'

/** One combination of everything that varies, in which all arms are run with all seeds. */
export interface Cell {
  readonly profile: string
  /** Endpoints. */
  readonly replicas: number
  /** KV tokens per endpoint. */
  readonly kvTokens: number
  /** Tokens of host memory behind each KV cache. */
  readonly hostTokens: number
  readonly speed: number
  readonly view: RouterView
  readonly routers: number
}

/** Every combination, the last dimension changing first. A fleet file says itself how many endpoints there are. */
export function cellsOf(dimensions: MatrixDimensions, fleet: Fleet | undefined): Cell[] {
  const size = fleet?.endpoints.reduce((sum, { count }) => sum + count, 0)
  const counts = size === undefined ? dimensions.replicas : [size]
  return dimensions.profiles.flatMap((profile) => {
    const capacities = dimensions.kvTokens.length === 0 ? [profileNamed(profile).kvTokens] : dimensions.kvTokens
    return counts.flatMap((replicas) =>
      capacities.flatMap((kvTokens) =>
        dimensions.hostTokens.flatMap((hostTokens) =>
          dimensions.speeds.flatMap((speed) =>
            dimensions.views.flatMap((view) =>
              dimensions.routers.map((routers) => ({ profile, replicas, kvTokens, hostTokens, speed, view, routers })),
            ),
          ),
        ),
      ),
    )
  })
}

/** Tokens such as 300k or 1.5M. */
export function shortTokens(tokens: number): string {
  if (tokens >= 1e6) return `${Number((tokens / 1e6).toFixed(2))}M`
  return tokens >= 1e3 ? `${Number((tokens / 1e3).toFixed(1))}k` : String(tokens)
}
