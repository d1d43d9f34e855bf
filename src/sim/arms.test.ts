import { expect, test } from 'vitest'
import { parseArms } from './arms.ts'

const arms = (...texts: string[]) => parseArms('--policies', texts)

test('reads names, options with and without a space after the colon, and labels', () => {
  expect(arms('lmetric, hit-bonus{penalty:5,bonus: 50}', 'mine=hit-bonus { penalty: 5 }')).toEqual([
    { label: 'lmetric', policy: { type: 'lmetric' } },
    { label: 'hit-bonus{penalty:5,bonus: 50}', policy: { type: 'hit-bonus', penalty: 5, bonus: 50 } },
    { label: 'mine', policy: { type: 'hit-bonus', penalty: 5 } },
  ])
})

test('reads a flow map with the type inside, and lists inside of options', () => {
  expect(arms('{type: hit-bonus, penalty: 5}')).toEqual([
    { label: 'hit-bonus{penalty: 5}', policy: { type: 'hit-bonus', penalty: 5 } },
  ])
  const [nested] = arms('w=weighted-scorers{scorers:[{type:prefix-match,weight:2},{type: in-flight}]}')
  expect(nested?.policy['scorers']).toEqual([{ type: 'prefix-match', weight: 2 }, { type: 'in-flight' }])
})

test.each([
  ['nonesuch', /--policies: unknown policy "nonesuch": expected one of .*marginal-cost.*round-robin/],
  ['hit-bonus{nope: 1}', /policy "hit-bonus": options: unknown nope; the plugin takes bonus, penalty/],
  ['hit-bonus{penalty: -1}', /option penalty/],
  ['weighted-scorers{scorers: [{type: zzz}]}', /unknown scorer "zzz": expected one of/],
  ['hit-bonus{penalty: 1', /expected names such as .* found hit-bonus\{penalty: 1$/],
  ['lmetric,lmetric', /lmetric stands there twice; give one of them a name of its own: other=lmetric/],
  [' , ', /found nothing/],
  ['{penalty: 1}', /expected names such as/],
])('refuses %s', (text, message) => {
  expect(() => arms(text)).toThrow(message)
})
