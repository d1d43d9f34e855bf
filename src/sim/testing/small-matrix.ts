import type { MatrixSettings } from '../matrix-settings.ts'

/** A matrix that takes a moment: a few conversations on small fleets. */
export function smallMatrix(more: Partial<MatrixSettings> = {}): MatrixSettings {
  return {
    load: {
      selection: {
        source: { kind: 'generator', workload: 'chat', knobs: { sessions: 8, turns: 4 } },
        jitter: undefined,
        maxRequests: undefined,
        maxSessions: undefined,
        maxPrompt: undefined,
        outputCap: undefined,
      },
      pacing: undefined,
      concurrency: undefined,
      thinkScale: 1,
      warmUp: 0.1,
    },
    arms: [
      { label: 'round-robin', policy: { type: 'round-robin' } },
      { label: 'mine', policy: { type: 'hit-bonus', penalty: 5 } },
      { label: 'marginal-cost', policy: { type: 'marginal-cost' } },
    ],
    baseline: 'round-robin',
    dimensions: {
      profiles: ['qwen3-32b-tp2-h100'],
      replicas: [2, 3],
      kvTokens: [20_000],
      hostTokens: [0],
      speeds: [1],
      views: [{ kind: 'exact' }, { kind: 'predicted' }],
      routers: [1],
    },
    fleet: undefined,
    seeds: [1, 2],
    slos: [{ ttft: 2, tpot: 0.025 }],
    command: ['--workload', 'chat'],
    ...more,
  }
}
