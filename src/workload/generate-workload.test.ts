import { expect, test } from 'vitest'
import { generateWorkload } from './generate-workload.ts'
import { workloadKinds } from './generator-knobs.ts'
import { idealReuse } from './ideal-reuse.ts'
import { countPromptTokens, countRequests } from './workload.ts'

test.each(workloadKinds)('%s: the same seed makes the same workload, another one another', (kind) => {
  expect(generateWorkload(kind, {}, 5)).toEqual(generateWorkload(kind, {}, 5))
  expect(generateWorkload(kind, {}, 5)).not.toEqual(generateWorkload(kind, {}, 6))
})

const forking = new Set(['agents', 'branches'])

test.each(workloadKinds.filter((kind) => !forking.has(kind)))(
  '%s: makes as many requests as asked, each after the one before',
  (kind) => {
    const workload = generateWorkload(kind, { sessions: 3, turns: 4, turnGapMs: 250, startJitterMs: 100 }, 1)
    expect(countRequests(workload)).toBe(12)
    for (const session of workload.sessions) {
      expect(session.start).toBeLessThan(0.1)
      expect(session.requests.map((request) => request.after)).toEqual([[], [0], [1], [2]])
      expect(session.requests.map((request) => request.think)).toEqual([0, 0.25, 0.25, 0.25])
      for (const request of session.requests) expect(request.promptTokens).toBe(countPromptTokens(request.messages))
    }
  },
)

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

test('groups: as many system prompts as groups, one of them for each user', () => {
  const { sessions } = generateWorkload('groups', { sessions: 300, turns: 3, groups: 7 }, 1)
  const systems = sessions.map(({ requests }) => requests.map(({ messages }) => messages[0]?.parts[0]?.ids[0]))
  expect(new Set(systems.flat()).size).toBe(7)
  for (const ids of systems) expect(new Set(ids).size).toBe(1)
  expect(sessions[0]?.requests[0]?.messages[0]?.parts[0]?.tokens).toBe(6000)
})

test('hot: the share of the hot prefix grows with time', () => {
  const { sessions } = generateWorkload('hot', { sessions: 2000, hotShare: 0.8, startJitterMs: 1000 }, 1)
  const isHot = ({ requests }: (typeof sessions)[number]) => requests[0]?.messages[0]?.parts[0]?.ids[0] === 0
  const shareIn = (from: number) => {
    const those = sessions.filter(({ start }) => start >= from && start < from + 0.25)
    return those.filter(isHot).length / those.length
  }
  // Expected: 0.8 times 0.125 and 0.875; standard deviations of 0.013 and 0.02.
  expect(Math.abs(shareIn(0) - 0.1)).toBeLessThan(0.05)
  expect(Math.abs(shareIn(0.75) - 0.7)).toBeLessThan(0.08)
})

test('bursts: equal prompts at the same moment, different ones otherwise', () => {
  const { sessions } = generateWorkload('bursts', { sessions: 50, burst: 16 }, 1)
  const bursts = new Map<number, Set<string>>()
  for (const { start, requests } of sessions) {
    bursts.set(start, (bursts.get(start) ?? new Set()).add(JSON.stringify(requests[0]?.messages)))
  }
  expect(bursts.size).toBe(4)
  for (const prompts of bursts.values()) expect(prompts.size).toBe(1)
  expect(idealReuse({ name: '', pacing: 'open', sessions, notes: [] }).share).toBeCloseTo(46 / 50, 1)
})

test('agents: sub-agents run beside each other, and the agent waits for all', () => {
  const knobs = { sessions: 1, turns: 2, forkProb: 1, forks: 3, agentTurns: 2 }
  const requests = generateWorkload('agents', knobs, 1).sessions[0]?.requests ?? []
  expect(requests.map(({ after }) => after)).toEqual([
    [],
    [0],
    [1],
    [0],
    [3],
    [0],
    [5],
    [2, 4, 6],
    [7],
    [8],
    [7],
    [10],
    [7],
    [12],
  ])
  const agents = requests.map(({ session }) => session).join(' ')
  expect(agents).toBe('s0 s0/a0 s0/a0 s0/a1 s0/a1 s0/a2 s0/a2 s0 s0/a3 s0/a3 s0/a4 s0/a4 s0/a5 s0/a5')
  const system = (place: number) => requests[place]?.messages[0]
  expect(system(1)).toEqual(system(12))
  expect(system(0)).not.toEqual(system(1))
  expect(requests[2]?.messages.slice(0, 2)).toEqual(requests[1]?.messages)
  expect(requests[7]?.messages[2]?.answerOf).toBe(0)
})

test('branches: the ways differ in what comes last, and the loop goes on behind the first', () => {
  const requests =
    generateWorkload('branches', { sessions: 1, turns: 3, forkProb: 1, forks: 2 }, 1).sessions[0]?.requests ?? []
  expect(requests.map(({ after }) => after)).toEqual([[], [0], [0], [1, 2], [1, 2]])
  const [, first, second, third] = requests.map(({ messages }) => messages)
  expect(first?.slice(0, -1)).toEqual(second?.slice(0, -1))
  expect(first?.at(-1)).not.toEqual(second?.at(-1))
  expect(third?.slice(0, first?.length)).toEqual(first)
  expect(third?.at(-2)?.answerOf).toBe(1)
})

test.each([...forking])('%s: every answer belongs to an earlier request', (kind) => {
  const knobs = { sessions: 4, turns: 6, forkProb: 0.5 }
  for (const { requests } of generateWorkload(kind === 'agents' ? 'agents' : 'branches', knobs, 3).sessions) {
    expect(new Set(requests.map(({ id }) => id)).size).toBe(requests.length)
    for (const [place, { after, messages, promptTokens }] of requests.entries()) {
      for (const before of after) expect(before).toBeLessThan(place)
      for (const { answerOf } of messages) expect(answerOf ?? -1).toBeLessThan(place)
      expect(promptTokens).toBe(countPromptTokens(messages))
    }
  }
})
