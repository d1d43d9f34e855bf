import type { Arm } from '../../src/sim/arms.ts'

/** The policy that has to prove itself. */
export const OURS = 'marginal-cost'

/** What everybody has. */
export const PLAIN = 'round-robin'

/**
 * Every policy that is compared. Where options are given, they are those of a published comparison, or (DualMap) did best of three
 * settings: 65,536 tokens, 2 s and 5 s.
 */
export const ARMS: readonly Arm[] = [
  arm(OURS),
  arm(PLAIN),
  arm('random'),
  arm('least-loaded'),
  arm('power-of-two'),
  arm('vllm-jsq'),
  arm('least-prefill-work'),
  arm('min-ttft'),
  arm('lmetric'),
  arm('dynamo', 'dynamo-1', { prefillLoadScale: 1 }),
  arm('dynamo', 'dynamo-32', { prefillLoadScale: 32 }),
  arm('llm-d-default'),
  arm('sticky-until-saturated', 'sticky-5s', { maxTTFTPenaltyMs: 5000 }),
  arm('dual-map', 'dual-map-2s', { sloSeconds: 2 }),
  arm('preble'),
  arm('sglang-cache-aware'),
  arm('smg-cache-aware'),
  arm('aibrix-prefix-cache'),
  arm('kubeai-chwbl'),
  arm('bailian'),
  arm('prefix-aware'),
  arm('session-affinity'),
]

function arm(type: string, label = type, options: Readonly<Record<string, unknown>> = {}): Arm {
  return { label, policy: { type, ...options } }
}
