import fc from 'fast-check'
import { expect, test } from 'vitest'
import { cutKeys } from './cut-keys.ts'
import { PendingPrompts, type PendingPrompt } from './pending-prompts.ts'
import { PromptKeys } from './prepared-workload.ts'
import { PromptTree } from './prompt-tree.ts'
import { text } from './testing/small-scenario.ts'

const SLOTS = 3

test('raises the matches to what is shared with a pending prompt', () => {
  const prompts = fc.array(fc.array(fc.nat(1), { maxLength: 6 }), { minLength: 3, maxLength: 8 })
  const step = fc.record({
    act: fc.constantFrom('add' as const, 'remove' as const, 'clear' as const),
    slot: fc.nat(SLOTS - 1),
    number: fc.nat(7),
  })
  fc.assert(
    fc.property(prompts, fc.array(step, { maxLength: 30 }), (all, steps) => {
      const keys = all.map((ids, request) => new PromptKeys(cutKeys([text(ids)], Infinity, 32), request))
      const pending = new PendingPrompts(new PromptTree(keys))
      let model: PendingPrompt[] = []
      for (const { act, slot, number } of steps) {
        const prompt = { slot, keys: keys[number % all.length]! }
        if (act === 'add') {
          pending.add(prompt)
          model.push(prompt)
        } else if (act === 'remove') {
          const known = model[number % Math.max(1, model.length)] ?? prompt
          pending.remove(known)
          model = model.filter((other) => other !== known)
        } else {
          pending.clear(slot)
          model = model.filter((other) => other.slot !== slot)
        }
        for (const [request, ids] of all.entries()) {
          const into = Uint32Array.of(0, 1, 2)
          pending.raise(keys[request]!, into)
          const expected = [0, 1, 2].map((held, slot) => {
            const there = model.filter((other) => other.slot === slot).map((other) => all[other.keys.request]!)
            return Math.max(held, ...there.map((other) => common(ids, other)))
          })
          expect([...into]).toEqual(expected)
        }
      }
    }),
  )
})

function common(a: readonly number[], b: readonly number[]): number {
  let shared = 0
  while (shared < a.length && a[shared] === b[shared]) shared++
  return shared
}
