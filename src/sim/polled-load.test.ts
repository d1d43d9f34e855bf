import { expect, test } from 'vitest'
import { definePolicy, z } from '../core/plugin.ts'
import { Ranking } from '../core/ranking.ts'
import type { Signals } from '../core/signals.ts'
import { candidates } from '../plugins/testing/candidate.ts'
import { testServices } from '../plugins/testing/rank-of.ts'
import { request } from '../plugins/testing/request.ts'
import { PolledLoad } from './polled-load.ts'
import { PromptTree } from './prompt-tree.ts'
import { RunningEndpoint } from './running-endpoint.ts'
import { endpoint } from './testing/small-scenario.ts'

/** A policy that notes what it is shown. */
function watching() {
  const seen: Partial<Signals>[] = []
  const plugin = definePolicy({
    type: 'watching',
    summary: 'for tests',
    options: z.strictObject({}),
    reads: [
      'inFlight',
      'queuedSeconds',
      'matchedTokens',
      'loadAge',
      'prefillFactor',
      'decodeFactor',
      'predictionError',
    ],
    reasons: ['none'],
    unit: 'rank',
    create: () => ({
      rank(_request, endpoints) {
        for (const { signals } of endpoints) seen.push({ ...signals })
      },
      booked: (_request, { signals }) => seen.push({ ...signals }),
      ended: (_request, { signals }) => seen.push({ ...signals }),
    }),
  })
  return { seen, poolPolicy: { plugin, policy: plugin.instantiate({}, testServices()) } }
}

test('a policy is shown the load of the last poll with its age, and what the router has observed itself', () => {
  const events = { firstToken: () => undefined, finished: () => undefined }
  const running = new RunningEndpoint(0, endpoint('a'), { keys: [], tree: new PromptTree([]) }, events)
  const polled = new PolledLoad([running])
  const { seen, poolPolicy } = watching()
  const { policy, plugin } = polled.policy(poolPolicy)
  const observed = { matchedTokens: 64, prefillFactor: 2, decodeFactor: 3, predictionError: 0.25 }
  const [ledger] = candidates({ ...observed, inFlight: 5, queuedSeconds: 7 })
  if (ledger === undefined) throw new Error('one endpoint expected')

  policy.rank(request(), [ledger], new Ranking(), 3)
  polled.poll(10)
  policy.rank(request(), [ledger], new Ranking(), 10)
  policy.booked?.(request(), ledger, 10.5)
  const outcome = { kind: 'finished', ttft: 1, e2e: 1, outputTokens: 1, usage: undefined } as const
  policy.ended?.(request(), ledger, outcome, 12)

  const idle = { ...observed, inFlight: 0, queuedSeconds: 0 }
  expect(seen).toMatchObject([
    { ...idle, loadAge: 3 },
    { ...idle, loadAge: 0 },
    { ...idle, loadAge: 0.5 },
    { ...idle, loadAge: 2 },
  ])
  expect(plugin.ties).toBe('random')
  expect(ledger.signals.loadAge).toBe(0)
})
