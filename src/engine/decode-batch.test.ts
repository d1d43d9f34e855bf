import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { DecodeBatch } from './decode-batch.ts'
import { Sequence } from './sequence.ts'

function sequence(promptTokens: number, outputTokens: number): Sequence {
  const made = new Sequence({ keys: { count: 0, words: new Uint32Array(0) }, promptTokens, outputTokens }, 0)
  made.joinedWith = 1
  return made
}

test('the calendar knows every block boundary and every end', () => {
  const lengths = fc.record({ prompt: fc.integer({ min: 1, max: 20 }), output: fc.integer({ min: 2, max: 20 }) })
  fc.assert(
    fc.property(fc.array(lengths, { maxLength: 6 }), fc.nat(9), (all, joinStep) => {
      const batch = new DecodeBatch(4)
      const sequences = all.map(({ prompt, output }) => sequence(prompt, output))
      const held = new Map(sequences.map((each) => [each, each.request.promptTokens]))
      for (const each of sequences) batch.join(each, joinStep)
      for (let step = joinStep + 1; held.size > 0; step++) {
        expect(batch.needBlock(step)).toEqual([...held].filter(([, tokens]) => tokens % 4 === 0).map(([each]) => each))
        for (const [each, tokens] of held) held.set(each, tokens + 1)
        batch.kvTokens += batch.size
        const done = [...held].filter(([{ request }, n]) => n === request.promptTokens + request.outputTokens - 1)
        expect(batch.ending(step)).toEqual(done.map(([each]) => each))
        for (const [each] of done) {
          batch.leave(each, step)
          held.delete(each)
        }
        expect(batch.size).toBe(held.size)
        expect(batch.kvTokens).toBe([...held.values()].reduce((sum, tokens) => sum + tokens + 1, 0))
      }
    }),
  )
})
