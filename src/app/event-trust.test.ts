import { expect, test } from 'vitest'
import { EventTrust, type TrustReason } from './event-trust.ts'

function create() {
  const told: TrustReason[] = []
  const trust = new EventTrust(({ reason }) => told.push(reason))
  const prompts = (reported: number, missing: number): void => {
    for (let i = 0; i < reported; i++) trust.prompt(true)
    for (let i = 0; i < missing; i++) trust.prompt(false)
  }
  return { trust, told, prompts }
}

test('events from the first one on are relied on', () => {
  const { trust, told } = create()
  expect(trust.current).toMatchObject({ exact: false, reason: 'waiting' })
  trust.batch(0)
  trust.batch(1)
  expect(trust.current).toMatchObject({ exact: true, reason: 'complete' })
  expect(told).toEqual(['complete'])
})

test('events from later on are relied on once they account for nearly all prompts', () => {
  const { trust, told, prompts } = create()
  trust.batch(36)
  expect(trust.current).toMatchObject({ exact: false, reason: 'incomplete' })
  prompts(28, 4)
  expect(trust.current.exact).toBe(false)
  prompts(31, 0)
  expect(trust.current.exact).toBe(false)
  prompts(0, 1)
  expect(trust.current).toMatchObject({ exact: true, reason: 'confirmed' })
  expect(told).toEqual(['incomplete', 'confirmed'])
})

test('a loss makes what is held unknown, a restart begins anew', () => {
  const { trust, told } = create()
  trust.batch(0)
  trust.lost('3 messages, no-replay')
  trust.batch(9)
  expect(trust.current).toMatchObject({ exact: false, reason: 'incomplete' })
  expect(trust.current.why).toContain('3 messages, no-replay')
  trust.restarted()
  trust.batch(0)
  expect(told).toEqual(['complete', 'incomplete', 'waiting', 'complete'])
})

test('a silent endpoint counts as before when it is heard again', () => {
  const { trust, told } = create()
  trust.silent('nothing for 30 s')
  trust.batch(0)
  trust.silent('nothing for 31 s')
  trust.silent('nothing for 60 s')
  expect(trust.current).toMatchObject({ exact: false, reason: 'silent', why: 'nothing for 31 s' })
  trust.batch(1)
  expect(told).toEqual(['silent', 'complete', 'silent', 'complete'])
})

test('a restart during silence is no return to what was before', () => {
  const { trust } = create()
  trust.batch(0)
  trust.silent('nothing for 30 s')
  trust.restarted()
  trust.batch(4)
  expect(trust.current.reason).toBe('incomplete')
})

test('prompts that are not reported end the reliance, until they are again', () => {
  const { trust, prompts } = create()
  trust.batch(0)
  prompts(24, 8)
  expect(trust.current.exact).toBe(true)
  prompts(23, 9)
  expect(trust.current).toMatchObject({ exact: false, reason: 'missing' })
  expect(trust.current.why).toContain('72%')
  trust.batch(7)
  expect(trust.current.reason).toBe('missing')
  prompts(32, 0)
  expect(trust.current).toMatchObject({ exact: true, reason: 'confirmed' })
})

test('several ranks behind one endpoint are never relied on', () => {
  const { trust, told } = create()
  trust.publishers(1, true)
  trust.batch(0)
  trust.publishers(2, true)
  trust.batch(1)
  trust.publishers(2, true)
  expect(trust.current).toMatchObject({ exact: false, reason: 'several-ranks' })
  trust.publishers(1, true)
  expect(told).toEqual(['complete', 'several-ranks', 'complete'])
})

test.each([
  [true, 'set its ranks to 2, or auto'],
  [false, 'without enable_attention_dp'],
])('what helps against several ranks depends on whether the engine takes orders (%s)', (takesOrders, advice) => {
  const { trust } = create()
  trust.publishers(2, takesOrders)
  expect(trust.current.why).toContain(advice)
})

test('what was known counts again once a broken connection has been made anew', () => {
  const { trust, told } = create()
  trust.connected(true)
  trust.batch(0)
  trust.connected(false)
  expect(trust.current).toMatchObject({ exact: false, reason: 'disconnected' })
  trust.connected(true)
  trust.connected(false)
  trust.restarted()
  trust.connected(true)
  expect(told).toEqual(['complete', 'disconnected', 'complete', 'disconnected', 'waiting'])
})

test('events are of no use where the tokens are others than those that prompts are looked up by', () => {
  const { trust, told } = create()
  trust.batch(0)
  trust.otherTokens('its template differs')
  expect(trust.current).toEqual({ exact: false, reason: 'other-tokens', why: 'its template differs' })
  trust.publishers(2, true)
  trust.otherTokens(undefined)
  expect(trust.current).toMatchObject({ exact: false, reason: 'several-ranks' })
  trust.publishers(1, true)
  expect(told).toEqual(['complete', 'other-tokens', 'several-ranks', 'complete'])
})
