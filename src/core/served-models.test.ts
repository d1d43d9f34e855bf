import { describe, expect, it } from 'vitest'
import { ServedModels } from './served-models.ts'

const SQL_OF_M = new Map([['sql', 'm']])

function serving(lists: Readonly<Record<string, readonly string[] | undefined>>): ServedModels {
  const served = new ServedModels()
  for (const [id, models] of Object.entries(lists)) served.set(id, models)
  return served
}

describe('ServedModels', () => {
  it('an adapter is served where it is listed, and has a base', () => {
    const served = serving({ b: ['m'] })
    served.set('a', ['m', 'sql'], SQL_OF_M)
    expect([...served.names()]).toEqual(['m', 'sql'])
    expect(['a', 'b'].map((id) => served.serves(id, 'sql'))).toEqual([true, false])
    expect([served.baseOf('sql'), served.baseOf('m')]).toEqual(['m', undefined])
    served.delete('a')
    expect(served.baseOf('sql')).toBeUndefined()
  })

  it('an adapter that is loaded on demand is served wherever its base is', () => {
    const served = serving({ a: ['m', 'sql'], b: ['m'], c: ['n'], d: undefined })
    served.onDemand = new Map([
      ['sql', 'm'],
      ['law', 'absent'],
    ])
    expect(['a', 'b', 'c', 'd'].map((id) => served.serves(id, 'sql'))).toEqual([true, true, false, true])
    expect(['a', 'b', 'c', 'd'].map((id) => served.of(id))).toEqual([['m', 'sql'], ['m', 'sql'], ['n'], []])
    expect([...served.names()].toSorted()).toEqual(['m', 'n', 'sql'])
    expect(served.listedBy('b')).toEqual(['m'])
  })

  it('an adapter of the same name for another base is not served', () => {
    const served = serving({ c: ['m', 'n', 'sql'] })
    served.set('a', ['m', 'sql'], SQL_OF_M)
    served.set('b', ['n', 'sql'], new Map([['sql', 'n']]))
    expect(['a', 'b', 'c'].map((id) => served.serves(id, 'sql'))).toEqual([true, false, true])
    expect(['a', 'b', 'c'].map((id) => served.of(id))).toEqual([['m', 'sql'], ['n'], ['m', 'n', 'sql']])
    // Called otherwise, but beside the same base.
    served.set('d', ['m', 'sql'], new Map([['sql', 'path/of/m']]))
    expect(served.serves('d', 'sql')).toBe(true)
    served.onDemand = new Map([['sql', 'n']])
    expect(['a', 'b'].map((id) => served.serves(id, 'sql'))).toEqual([false, true])
    served.onDemand = new Map()
    served.delete('a')
    served.delete('d')
    expect(served.serves('b', 'sql')).toBe(true)
  })

  it('says whether anything is new, parents included, and takes no model for its own adapter', () => {
    const served = serving({ a: ['m', 'sql'] })
    expect(served.set('a', ['m', 'sql'])).toBe(false)
    expect(served.set('a', ['m', 'sql'], SQL_OF_M)).toBe(true)
    expect(served.set('a', ['m', 'sql'], new Map(SQL_OF_M))).toBe(false)
    served.set('a', ['m'], new Map([['m', 'm']]))
    expect(served.baseOf('m')).toBeUndefined()
  })
})
