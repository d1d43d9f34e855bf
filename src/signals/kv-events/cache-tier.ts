import type { CacheTier } from './kv-event.ts'

/** Names of media met in engines and connectors, in upper case. */
const TIERS: ReadonlyMap<string, CacheTier> = new Map<string, CacheTier>([
  ['GPU', 'gpu'],
  ['DEVICE', 'gpu'],
  ['CPU', 'cpu'],
  ['CPU_PINNED', 'cpu'],
  ['CPU_TIER1', 'cpu'],
  ['CPU_TIER2', 'disk'],
  ['DISK', 'disk'],
  ['NVME', 'disk'],
  ['STORAGE', 'disk'],
  ['EXTERNAL', 'remote'],
  ['NETWORK', 'remote'],
  ['REMOTE', 'remote'],
  ['SHARED', 'remote'],
])

const MEDIA: Readonly<Record<CacheTier, string>> = { gpu: 'GPU', cpu: 'CPU', disk: 'DISK', remote: 'EXTERNAL' }

/** The tier of an event's `medium`, in any case; none at all means the device. Undefined when the name is unknown. */
export function toTier(medium: unknown): CacheTier | undefined {
  if (medium === 'GPU' || medium === undefined || medium === null) return 'gpu'
  return typeof medium === 'string' ? TIERS.get(medium.toUpperCase()) : undefined
}

/** The name under which engines publish a tier. */
export function toMedium(tier: CacheTier): string {
  return MEDIA[tier]
}
