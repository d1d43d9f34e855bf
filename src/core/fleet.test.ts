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
