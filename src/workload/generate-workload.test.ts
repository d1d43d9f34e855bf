import { expect, test } from 'vitest'
import { generateWorkload } from './generate-workload.ts'
import { workloadKinds } from './generator-knobs.ts'
import { idealReuse } from './ideal-reuse.ts'
import { countPromptTokens, countRequests } from './workload.ts'

test.each(workloadKinds)('%s: the same seed makes the same workload, another one another', (kind) => {
  expect(generateWorkload(kind, {}, 5)).toEqual(generateWorkload(kind, {}, 5))
  expect(generateWorkload(kind, {}, 5)).not.toEqual(generateWorkload(kind, {}, 6))
})

test.each(workloadKinds)('%s: makes as many requests as asked, each after the one before', (kind) => {
  const workload = generateWorkload(kind, { sessions: 3, turns: 4, turnGapMs: 250, startJitterMs: 100 }, 1)
  expect(countRequests(workload)).toBe(12)
  for (const session of workload.sessions) {
    expect(session.start).toBeLessThan(0.1)
    expect(session.requests.map((request) => request.after)).toEqual([[], [0], [1], [2]])
    expect(session.requests.map((request) => request.think)).toEqual([0, 0.25, 0.25, 0.25])
    for (const request of session.requests) expect(request.promptTokens).toBe(countPromptTokens(request.messages))
  }
})

test('a chat repeats what was said, with the place of every real answer', () => {
  const { sessions } = generateWorkload('chat', { sessions: 2, turns: 3, toolProb: 0, codeShare: 0, maxTokens: 9 }, 1)
  const [first, second] = sessions
  const last = first?.requests[2]?.messages ?? []
  expect(last.map((message) => message.role)).toEqual(['system', 'user', 'assistant', 'user', 'assistant', 'user'])
  expect(last.map((message) => message.answerOf)).toEqual([undefined, undefined, 0, undefined, 1, undefined])
  expect(last.slice(0, 2)).toEqual(first?.requests[0]?.messages)
  // One system prompt for all, 768 characters long.
  expect(second?.requests[0]?.messages[0]?.parts).toEqual(last[0]?.parts)
  expect(last[0]?.parts[0]?.tokens).toBe(192)
})

test('tools: results follow the call of the answer before', () => {
  const { sessions } = generateWorkload('tools', { sessions: 1, turns: 3, toolProb: 1 }, 1)
  const messages = sessions[0]?.requests[2]?.messages ?? []
  expect(messages.map((message) => message.role)).toEqual(['system', 'user', 'assistant', 'tool', 'assistant', 'tool'])
  expect(messages[2]?.toolCall?.id).toBe(messages[3]?.toolCallId)
  expect(messages[4]?.toolCall?.id).not.toBe(messages[2]?.toolCall?.id)
})

test('the share of pasted code is kept', () => {
  const { sessions } = generateWorkload('chat', { sessions: 400, turns: 1, codeShare: 0.25 }, 3)
  const pasted = sessions.filter((session) => session.requests[0]?.messages[1]?.parts.length === 2).length
  // Binomial(400, 0.25): mean 100, standard deviation 8.7.
  expect(Math.abs(pasted - 100)).toBeLessThan(35)
})

test('rag shares documents, the first most often; single shares nothing', () => {
  const rag = generateWorkload('rag', { sessions: 300, turns: 1, documents: 3 }, 2)
  const counts = new Map<number, number>()
  for (const { requests } of rag.sessions) {
    const document = requests[0]?.messages[1]?.parts[0]?.ids[0] ?? -1
    counts.set(document, (counts.get(document) ?? 0) + 1)
  }
  const sorted = [...counts].sort(([a], [b]) => a - b).map(([, count]) => count)
  // Weights 1, 1/2, 1/3: 164, 82 and 55 of 300 expected.
  expect(sorted).toHaveLength(3)
  expect(sorted[0]).toBeGreaterThan((sorted[1] ?? 0) + 30)
  expect(idealReuse(rag).share).toBeGreaterThan(0.9)
  expect(idealReuse(generateWorkload('single', {}, 2)).share).toBe(0)
})
