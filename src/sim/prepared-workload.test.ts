import { expect, test } from 'vitest'
import { scaleTimes } from '../workload/reshape.ts'
import { prepareWorkload, promptKeys } from './prepared-workload.ts'
import { ids, text, turn } from './testing/small-scenario.ts'

const first = { role: 'user' as const, parts: [text(ids(0, 2))] }
const answer = { role: 'assistant' as const, parts: [text(ids(50, 2))], answerOf: 0 }
const second = { role: 'user' as const, parts: [text(ids(90, 1))] }
const requests = [turn('s', 0, [first], 64), turn('s', 1, [first, answer, second], 10)]
const workload = { name: 'w', pacing: 'sessions' as const, sessions: [{ id: 's', start: 4, requests }], notes: [] }

test('an engine has keys for prompt and answer where a later prompt repeats the answer', () => {
  const { keys, tree } = prepareWorkload(workload).enginePrompts(16)
  expect(keys.map(({ count }) => count)).toEqual([8, 10])
  expect([...tree.nodesOf(1, 0, 8)]).toEqual([...tree.nodesOf(0, 0, 8)])
})

test('the router has keys for prompts', () => {
  expect(prepareWorkload(workload).promptKeys.map(({ count, request }) => [count, request])).toEqual([
    [1, 0],
    [2, 1],
  ])
})

test('a workload is prepared once, and its keys are cut once even when its times change', () => {
  expect(prepareWorkload(workload)).toBe(prepareWorkload(workload))
  const faster = prepareWorkload(scaleTimes(workload, 2, 1))
  expect(faster.enginePrompts(16).keys[1]).toBe(prepareWorkload(workload).enginePrompts(16).keys[1])
})

test('other keys are refused', () => {
  expect(() => promptKeys({ count: 0, words: new Uint32Array(0) })).toThrow(/keys of a prepared workload/)
})
