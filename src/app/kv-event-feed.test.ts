import { expect, it } from 'vitest'
import { EndpointState } from '../core/endpoint-state.ts'
import { requestOf, settingsOf } from '../core/testing/fleet-fixture.ts'
import { programLogTo } from '../observe/program-log.ts'
import { CombinedIndex } from '../prefix/combined-index.ts'
import { createVllmEncoder } from '../signals/kv-events/encode-vllm.ts'
import { type KvEvent, PLAIN_STORE } from '../signals/kv-events/kv-event.ts'
import { KvEventPublisher } from '../signals/kv-events/publisher.ts'
import { ReplaySlots } from '../signals/kv-events/replay-slots.ts'
import { KvEventFeed } from './kv-event-feed.ts'
import type { KvEventsPlan } from './kv-events-plan.ts'

const STORED: KvEvent = {
  type: 'blocks-stored',
  blockHashes: [1n, 2n],
  parentHash: undefined,
  tokenIds: Uint32Array.from({ length: 32 }, (_, i) => i),
  blockSize: 16,
  tier: 'gpu',
  ...PLAIN_STORE,
}

it.each([
  { ownership: undefined, left: [0, 0] },
  { ownership: 'kvcr', left: [2, 4] },
])(
  'an engine that has emptied its cache holds nothing, predicted or reported ($ownership)',
  async ({ ownership, left }) => {
    await using publisher = await KvEventPublisher.start({ address: 'tcp://127.0.0.1:*', replay: 'tcp://127.0.0.1:*' })
    const index = new CombinedIndex({ clock: () => 0 })
    const endpoint = new EndpointState(index.addEndpoint(1000), settingsOf('e'))
    const plan: KvEventsPlan = {
      address: publisher.address,
      pulled: undefined,
      bind: false,
      replay: publisher.replayAddress,
      topic: '',
      encoding: 'vllm',
      rank: undefined,
      silentAfter: 30,
    }
    const { logger } = programLogTo({ write: () => undefined }, 'silent')
    const host = { index, logger, replaySlots: new ReplaySlots(), blockTokens: () => undefined }
    using feed = new KvEventFeed(endpoint, plan, host)
    const encode = createVllmEncoder()
    const publish = (event: KvEvent): void => void publisher.publish(encode({ timestamp: 1, events: [event] }))
    publish(STORED)
    feed.begin('vllm')
    await expect.poll(() => index.exact.held(endpoint.slot)).toBe(2)
    index.confirm(index.book(endpoint.slot, requestOf('x'.repeat(1024)).blocks))
    publish({ type: 'all-blocks-cleared', ownership })
    await expect.poll(() => feed.counts?.delivered).toBe(2)
    expect([index.exact.held(endpoint.slot), index.predicted.held(endpoint.slot)]).toEqual(left)
  },
)
