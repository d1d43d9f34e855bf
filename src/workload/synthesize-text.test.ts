import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { createTextSynthesizer } from './synthesize-text.ts'
import { words } from './words.ts'
import type { TextRun } from './workload.ts'

const ids = fc.array(fc.integer({ min: 0, max: 2 ** 32 - 1 }), { minLength: 1, maxLength: 6 })

function run(list: readonly number[], unit: number, tokens = list.length * unit): TextRun {
  return { ids: Uint32Array.from(list), unit, tokens }
}

function commonLength(a: string, b: string): number {
  let i = 0
  while (i < a.length && i < b.length && a[i] === b[i]) i++
  return i
}

test('the words are 256 different ones of three letters', () => {
  expect(new Set(words).size).toBe(256)
  expect(words.every((word) => /^[a-z]{3}$/.test(word))).toBe(true)
})

test('every token is four bytes of plain words', () => {
  const text = createTextSynthesizer(7).text([run([1, 2, 3], 16, 37), run([9], 5)])
  expect(text).toMatch(/^( [a-z]{3}){42}$/)
  expect(JSON.stringify(text)).toBe(`"${text}"`)
})

test('texts agree exactly as far as their ids', () => {
  const synthesizer = createTextSynthesizer(1)
  const property = fc.property(ids, ids, fc.integer({ min: 4, max: 40 }), (a, b, unit) => {
    const differs = a.findIndex((id, i) => id !== b[i])
    const shared = differs < 0 ? a.length : differs
    const first = synthesizer.text([run(a, unit)])
    const second = synthesizer.text([run(b, unit)])
    const common = commonLength(first, second)
    // Ids that differ show within four tokens; where one list only ends, so does its text.
    const ends = shared === Math.min(a.length, b.length)
    expect(common).toBeGreaterThanOrEqual(shared * unit * 4)
    expect(common).toBeLessThan(shared * unit * 4 + (ends ? 1 : 16))
  })
  fc.assert(property)
})

test('a partial block is the beginning of the whole one, wherever it stands', () => {
  const synthesizer = createTextSynthesizer(3)
  const whole = synthesizer.text([run([5, 6], 32)])
  for (const tokens of [33, 35, 38, 50, 63]) {
    expect(whole.startsWith(synthesizer.text([run([5, 6], 32, tokens)]))).toBe(true)
  }
})

test('the same salt repeats the text, another one shares nothing of it', () => {
  const runs = [run([0, 1, 2, 3], 64)]
  const text = createTextSynthesizer(11).text(runs)
  expect(createTextSynthesizer(11).text(runs)).toBe(text)
  expect(commonLength(createTextSynthesizer(12).text(runs), text)).toBeLessThan(16)
})

test('a short text after a long one is not the end of the long one', () => {
  const synthesizer = createTextSynthesizer(2)
  synthesizer.text([run([1], 10_000)])
  expect(synthesizer.text([run([8], 20)])).toBe(createTextSynthesizer(2).text([run([8], 20)]))
})
