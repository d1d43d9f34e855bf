import { describe, expect, it } from 'vitest'
import { fleetFixture, requestOf, settingsOf } from './testing/fleet-fixture.ts'

describe('Fleet', () => {
  it('forms one pool per model, and sends a request to the pool of its model', () => {
    const { fleet } = fleetFixture(['a', 'b'])
    fleet.setModels('b', ['m', 'n'])
    expect(fleet.poolOf('m')?.endpoints.map(({ id }) => id)).toEqual(['a', 'b'])
    expect(fleet.poolOf('n')?.endpoints.map(({ id }) => id)).toEqual(['b'])
    expect(fleet.poolOf('o')).toBeUndefined()
    expect(fleet.readyModels()).toEqual(['m', 'n'])
  })

  it('knows aliases', () => {
    const { fleet } = fleetFixture(['a'])
    fleet.setAliases(
      new Map([
        ['gpt', 'm'],
        ['gone', 'x'],
      ]),
    )
    expect(fleet.poolOf('gpt')?.model).toBe('m')
    expect(fleet.knownNames()).toEqual(['gpt', 'm'])
  })

  it('takes the only model for a request that names none', () => {
    const { fleet } = fleetFixture(['a'])
    expect(fleet.poolOf(undefined)?.model).toBe('m')
    fleet.setModels('a', ['m', 'n'])
    expect(fleet.poolOf(undefined)).toBeUndefined()
  })

  it('has a pool for each adapter, whose requests know where it stands', () => {
    const { fleet, scheduler } = fleetFixture(['a', 'b'])
    fleet.setModels('a', ['m', 'sql'], new Map([['sql', 'm']]))
    const sql = fleet.poolOf('sql')
    if (sql === undefined) throw new Error('no pool')
    expect([sql.base, sql.endpoints.map(({ id }) => id)]).toEqual(['m', ['a']])
    expect(fleet.poolOf(undefined)?.model).toBe('m')
    fleet.setAdapters(new Map([['sql', 'm']]))
    expect(sql.endpoints.map(({ id }) => id)).toEqual(['a', 'b'])

    for (const { adapters } of sql.endpoints) adapters.take({ running: [], waiting: [], slots: 1 })
    const choice = scheduler.choose(sql, requestOf('x'))
    if (!('lease' in choice)) throw new Error('refused')
    scheduler.explain(sql, requestOf('y'))
    expect(sql.endpoints.map(({ signals }) => signals.adapterState)).toEqual(['loaded', 'room'])
    scheduler.explain(fleet.anyPool, requestOf('z'))
    expect(sql.endpoints.map(({ signals }) => signals.adapterState)).toEqual([undefined, undefined])
    choice.lease.end({ kind: 'aborted', ttft: 0, e2e: 0, outputTokens: 0, usage: undefined }, 0)
    expect(choice.lease.endpoint.adapters.waiting).toEqual([])
    fleet.forget('a')
    scheduler.explain(sql, requestOf('y'))
    expect(sql.endpoints.map(({ signals }) => signals.adapterState)).toEqual([undefined, 'room'])
  })

  it('gives the pool of an adapter the policy of its base', () => {
    const asked: (string | undefined)[][] = []
    const { fleet } = fleetFixture(['a'])
    fleet.setModels('a', ['m', 'sql'], new Map([['sql', 'm']]))
    const { policy } = fleet.anyPool
    fleet.setPolicies((model, base) => {
      asked.push([model, base])
      return policy
    })
    expect(asked).toContainEqual(['sql', 'm'])
    expect(asked).toContainEqual(['m', undefined])
  })

  it('gives an adapter the policy of its base once somebody says what its base is', () => {
    const asked: (string | undefined)[][] = []
    const { fleet } = fleetFixture(['a', 'b'])
    const { policy } = fleet.anyPool
    fleet.setPolicies((model, base) => {
      asked.push([model, base])
      return policy
    })
    fleet.setModels('a', ['m', 'sql'])
    asked.length = 0
    fleet.setModels('b', ['m', 'sql'], new Map([['sql', 'm']]))
    fleet.setReady('b', false)
    expect(asked).toEqual([['sql', 'm']])
    expect(fleet.poolOf('sql')?.base).toBe('m')
  })

  it('leaves nobody in a pool whose model is gone, for requests that still have it', () => {
    const { fleet, pool, scheduler, index } = fleetFixture(['a'])
    fleet.remove('a')
    const { slot } = fleet.add(settingsOf('b'), ['n'])
    expect(scheduler.choose(pool, requestOf('x'.repeat(600)))).toMatchObject({ code: 'no_ready_endpoint' })
    expect(index.held(slot)).toBe(0)
  })

  it('lets an endpoint of unknown models serve any', () => {
    const { fleet } = fleetFixture(['a'])
    fleet.setModels('a', undefined)
    expect(fleet.poolOf('whatever')?.endpoints.map(({ id }) => id)).toEqual(['a'])
  })

  it('gives no requests to an endpoint that drains or is not ready', () => {
    const { fleet, pool } = fleetFixture(['a', 'b', 'c'])
    fleet.setDraining('a', true)
    fleet.setReady('b', false)
    expect(pool.eligible.map(({ id }) => id)).toEqual(['c'])
  })

  it('frees the slot of a removed endpoint only when its last request has ended', () => {
    const { fleet, pool, scheduler } = fleetFixture(['a'])
    const choice = scheduler.choose(pool, requestOf('x'))
    if (!('lease' in choice)) throw new Error('refused')
    const { slot } = choice.lease.endpoint
    fleet.remove('a')
    expect(fleet.add(settingsOf('b'), ['m']).slot).not.toBe(slot)
    choice.lease.end({ kind: 'finished', ttft: 0, e2e: 0, outputTokens: 0, usage: undefined }, 0)
    expect(fleet.add(settingsOf('c'), ['m']).slot).toBe(slot)
  })

  it('serves from the ready endpoints of a large fleet whose last ones are not ready', () => {
    const { fleet, pool, scheduler } = fleetFixture(Array.from({ length: 70 }, (_, at) => `e${at}`))
    for (let at = 60; at < 70; at++) fleet.setReady(`e${at}`, false)
    expect(scheduler.choose(pool, requestOf('x'.repeat(600)))).toHaveProperty('lease')
  })

  it('refuses a second endpoint of the same id', () => {
    const { fleet } = fleetFixture(['a'])
    expect(() => fleet.add(settingsOf('a'), undefined)).toThrow("endpoint 'a' exists already")
  })

  it('sends nothing to an endpoint that sleeps', () => {
    const { fleet, pool } = fleetFixture(['a', 'b'])
    fleet.setAsleep('a', true)
    expect(pool.eligible.map(({ id }) => id)).toEqual(['b'])
    fleet.setAsleep('a', false)
    expect(pool.eligible.map(({ id }) => id)).toEqual(['a', 'b'])
  })
})
