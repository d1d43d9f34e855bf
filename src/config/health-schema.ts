import { z } from 'zod'
import { duration, positiveDuration, urlPath, whole } from './forms.ts'

const path = () => urlPath().describe('Path that is asked with GET; any 2xx answer is healthy')
const interval = () => positiveDuration().describe('Time between two probes of an endpoint')
const timeout = () => positiveDuration().describe('Time after which a probe without an answer has failed')
const unhealthyAfter = () => whole(1).describe('Failed probes in a row that take an endpoint out')
const healthyAfter = () => whole(1).describe('Good probes in a row that bring it back')
const failures = () => whole(1).describe('Failed requests in a row that take an endpoint out')
const cooldown = () => duration().describe('Time until one request may try the endpoint again')

/** How endpoints are watched, with defaults: probes of our own, and what becomes of real requests. */
export const healthSchema = z.strictObject({
  path: path().prefault('/health'),
  interval: interval().prefault('5s'),
  timeout: timeout().prefault('2s'),
  unhealthyAfter: unhealthyAfter().prefault(2),
  healthyAfter: healthyAfter().prefault(1),
  passive: z
    .strictObject({ failures: failures().prefault(5), cooldown: cooldown().prefault('30s') })
    .describe('Watching real requests')
    .prefault({}),
})

/** What one endpoint may say differently. */
export const healthOverrideSchema = z.strictObject({
  path: path().exactOptional(),
  interval: interval().exactOptional(),
  timeout: timeout().exactOptional(),
  unhealthyAfter: unhealthyAfter().exactOptional(),
  healthyAfter: healthyAfter().exactOptional(),
  passive: z
    .strictObject({ failures: failures().exactOptional(), cooldown: cooldown().exactOptional() })
    .describe('Watching real requests')
    .exactOptional(),
})

export type HealthSettings = z.output<typeof healthSchema>

/** The settings of all endpoints, with what one endpoint says differently on top. */
export function overrideHealth(
  settings: HealthSettings,
  override: z.output<typeof healthOverrideSchema> = {},
): HealthSettings {
  return { ...settings, ...override, passive: { ...settings.passive, ...override.passive } }
}
