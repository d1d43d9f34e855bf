import { describe, expect, it } from 'vitest'
import { fakeEngine } from '../../test/testing/fake-engine.ts'
import { CHAT, chatBody, post } from './testing/chat-call.ts'
import { gatewayRig } from './testing/gateway-rig.ts'

describe('a fault of the router between its decision and its attempt', () => {
  it('is answered, reported and recorded, and leaves nothing in flight', async () => {
    await using engine = await fakeEngine()
    await using rig = await gatewayRig([{ url: engine.url, unreachable: true }])
    const answer = await post(rig.url + CHAT, chatBody())
    expect([answer.status, await answer.json()]).toMatchObject([500, { error: { code: 'internal' } }])
    expect(rig.inFlight()).toEqual([0])
    expect(rig.ownFaults).toEqual([new Error('no upstream for e0')])
    expect(rig.records).toMatchObject([{ status: 500, error: 'internal', attempts: 1 }])
  })

  it('does the same for a request that moves on', async () => {
    await using broken = await fakeEngine((_response, _request, message) => message.socket.destroy())
    await using engine = await fakeEngine()
    await using rig = await gatewayRig([{ url: broken.url }, { url: engine.url, unreachable: true }])
    expect((await post(rig.url + CHAT, chatBody())).status).toBe(500)
    expect(rig.inFlight()).toEqual([0, 0])
    expect(rig.records).toMatchObject([{ status: 500, error: 'internal', attempts: 2 }])
  })
})
