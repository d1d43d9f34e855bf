import type { Config } from '../config/config.ts'
import type { GatewaySettings } from '../gateway/gateway-context.ts'

/** The part of the configuration that the gateway reads for every request. */
export function gatewaySettings({ limits, headers, prefix, timeouts, usage }: Config): GatewaySettings {
  return {
    bodyLimit: limits.body,
    maxAttempts: limits.attempts,
    headers: { ...headers, requestId: headers.requestId.toLowerCase() },
    dropHeaders: new Set(headers.dropCookies ? ['cookie'] : []),
    askUsage: usage.ask,
    holdHead: timeouts.hold,
    tenantHeader: prefix.tenantHeader?.toLowerCase(),
  }
}
