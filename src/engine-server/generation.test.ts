import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { engineOptions } from './engine-options.ts'
import type { EngineOptions } from './engine-options.ts'
import type { Generation, Sampling } from './generation.ts'
import { createGeneration } from './generation.ts'
import { PromptWriter } from './prompt-writer.ts'
import { answerText } from './reply-shape.ts'

function generate(prompt: string, sampling: Sampling = {}, options: Partial<EngineOptions> = {}): Generation {
  const writer = new PromptWriter()
  writer.text(prompt)
  const made = createGeneration(writer, sampling, { options: engineOptions(options), contextTokens: 1000 })
  expect(writer.length).toBe(Buffer.byteLength(prompt))
  return made
}

test('a prompt that continues with the answer has the blocks of prompt and answer', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 200 }), fc.nat(100), (prompt, more) => {
      const first = generate(prompt, { maxTokens: 1 + more })
      const second = generate(prompt + answerText(first) + 'and then')
      expect(second.promptTokens).toBe(first.promptTokens + first.outputTokens + 2)
      expect(first.keys.count).toBe(Math.floor((first.promptTokens + first.outputTokens) / 16))
      expect(second.keys.words.subarray(0, 2 * first.keys.count)).toEqual(first.keys.words)
    }),
  )
})

test('prompts that differ share no block from there on', () => {
  const left = generate(`${'a'.repeat(64)}b${'c'.repeat(100)}`)
  const right = generate(`${'a'.repeat(64)}x${'c'.repeat(100)}`)
  expect(left.keys.words.subarray(0, 2)).toEqual(right.keys.words.subarray(0, 2))
  expect(left.keys.words.subarray(2, 4)).not.toEqual(right.keys.words.subarray(2, 4))
})

test('the answer follows from prompt, engine seed and request seed', () => {
  const text = (sampling: Sampling, options: Partial<EngineOptions>): string =>
    answerText(generate('hi', sampling, options))
  expect(text({}, {})).toBe(text({}, {}))
  expect(text({ seed: 1 }, {})).not.toBe(text({}, {}))
  expect(text({}, { seed: 1 })).not.toBe(text({}, {}))
})

test('a cache salt separates all blocks', () => {
  const prompt = 'x'.repeat(64)
  const salted = generate(prompt, { cacheSalt: 'tenant' })
  expect(salted.keys.words).toEqual(generate(prompt, { cacheSalt: 'tenant' }).keys.words)
  expect(salted.keys.words).not.toEqual(generate(prompt).keys.words)
})

test('without a limit the answer has the default length, or what is left of the context', () => {
  expect(generate('hi', {}, { defaultOutputTokens: 30 }).outputTokens).toBe(30)
  expect(generate('x'.repeat(3960)).outputTokens).toBe(10)
})

test('what exceeds the context is refused with the numbers', () => {
  expect(() => generate('x'.repeat(40), { maxTokens: 991 })).toThrow(
    /maximum context length is 1000 tokens.*requested 1001 tokens \(10 in the prompt, 991 in the completion\)/,
  )
  expect(() => generate('x'.repeat(4000))).toThrow(/maximum context length is 1000 tokens/)
  expect(() => generate('')).toThrow(/prompt is empty/)
})

test('some answers end early, as many as asked, unless they must go on', () => {
  const early = (sampling: Sampling): Generation[] =>
    Array.from({ length: 400 }, (_, seed) => generate('hi', { ...sampling, maxTokens: 50, seed }, { earlyStop: 0.5 }))
  const stopped = early({}).filter(({ finish }) => finish === 'stop')
  expect(stopped.length).toBeGreaterThan(150)
  expect(stopped.length).toBeLessThan(250)
  expect(stopped.every(({ outputTokens }) => outputTokens >= 1 && outputTokens < 50)).toBe(true)
  expect(early({ minTokens: 40 }).every(({ outputTokens }) => outputTokens >= 40)).toBe(true)
  expect(early({ ignoreEos: true }).every(({ outputTokens }) => outputTokens === 50)).toBe(true)
})

test('a function call has the length it has, unless it is cut', () => {
  const tool = (): { name: string; arguments: string } => ({ name: 'f', arguments: '{"a":1}' })
  expect(generate('hi', { tool })).toMatchObject({ finish: 'stop', outputTokens: 14 })
  expect(generate('hi', { tool, maxTokens: 5 })).toMatchObject({ finish: 'length', outputTokens: 5 })
})
