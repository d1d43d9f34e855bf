import { expect, test } from 'vitest'
import { parseAgentTrace } from './agent-trace.ts'

interface SessionOptions {
  readonly id?: string
  readonly models?: string[]
  readonly tool_tokens?: number
  readonly system_tokens?: number
  readonly hash_id_scope?: string
}

const source = (file: string, requests: unknown[], options: SessionOptions = {}) => ({
  file,
  text: JSON.stringify({
    id: file,
    models: ['m'],
    block_size: 64,
    hash_id_scope: 'local',
    tool_tokens: 0,
    system_tokens: 0,
    ...options,
    requests,
  }),
})

const call = (t: number, tokens: number, ids: number[], more: object = {}) => ({
  t,
  type: 'n',
  in: tokens,
  out: 5,
  hash_ids: ids,
  ...more,
})

const idsOf = (workload: ReturnType<typeof parseAgentTrace>, session: number, request: number) => [
  ...(workload.sessions[session]?.requests[request]?.messages[0]?.parts[0]?.ids ?? []),
]

test('a call follows the previous one after its think time', () => {
  const requests = [call(0, 64, [1]), call(10, 128, [1, 2], { think_time: 4 }), call(30, 128, [1, 2])]
  const workload = parseAgentTrace([
    source('a', [{ ...requests[0], api_time: 6 }, { ...requests[1], api_time: 5 }, requests[2]]),
  ])
  expect(workload.sessions[0]?.requests.map(({ after, think, offset }) => ({ after, think, offset }))).toEqual([
    { after: [], think: 0, offset: 0 },
    { after: [0], think: 4, offset: 10 },
    // Not recorded: what is left of the time between the requests without the service's own.
    { after: [1], think: 15, offset: 30 },
  ])
})

test('a partial last block that has no id gets one of its own', () => {
  const workload = parseAgentTrace([source('a', [call(0, 100, [1]), call(1, 100, [1])])])
  const [first, second] = [idsOf(workload, 0, 0), idsOf(workload, 0, 1)]
  expect(first).toHaveLength(2)
  expect(first[0]).toBe(second[0])
  expect(first[1]).not.toBe(second[1])
})

test('local ids are shared between sessions only within tools and system prompt that look the same', () => {
  const front = { tool_tokens: 128, system_tokens: 64 }
  const prompt = call(0, 320, [1, 2, 3, 4, 5])
  const workload = parseAgentTrace([
    source('a', [prompt], front),
    source('b', [prompt], front),
    source('c', [prompt], { tool_tokens: 128, system_tokens: 100 }),
    source('d', [prompt], { ...front, models: ['other'] }),
  ])
  const shared = (other: number) => {
    const mine = idsOf(workload, 0, 0)
    const theirs = idsOf(workload, other, 0)
    return mine.map((id, i) => id === theirs[i])
  }
  expect(shared(1)).toEqual([true, true, true, false, false])
  expect(shared(2)).toEqual([true, true, false, false, false])
  expect(shared(3)).toEqual([false, false, false, false, false])
})

test('global ids are shared everywhere', () => {
  const options = { hash_id_scope: 'global' }
  const workload = parseAgentTrace([
    source('a', [call(0, 128, [8, 9])], options),
    source('b', [call(0, 64, [9])], options),
  ])
  expect(idsOf(workload, 1, 0)[0]).toBe(idsOf(workload, 0, 0)[1])
})

test('sub-agents run beside each other and hold the main conversation up', () => {
  const agent = (t: number, first: number) => ({
    t,
    type: 'subagent',
    requests: [call(first, 64, [50 + t]), call(first + 2, 128, [50 + t, 90 + t], { think_time: 1 })],
  })
  const workload = parseAgentTrace([
    source('a', [call(0, 64, [1]), agent(5, 0), agent(6, 6), call(20, 128, [1, 2], { think_time: 3 })]),
  ])
  const requests = workload.sessions[0]?.requests ?? []
  expect(requests.map(({ id, after, offset }) => ({ id, after, offset }))).toEqual([
    { id: 'a:0', after: [], offset: 0 },
    // Times from the marker in the first sub-agent, from the session's start in the second.
    { id: 'a/a0:0', after: [0], offset: 5 },
    { id: 'a/a0:1', after: [1], offset: 7 },
    { id: 'a/a1:0', after: [0], offset: 6 },
    { id: 'a/a1:1', after: [3], offset: 8 },
    { id: 'a:1', after: [0, 2, 4], offset: 20 },
  ])
  expect(new Set(requests.map((request) => request.session))).toEqual(new Set(['a', 'a/a0', 'a/a1']))
})

test.each([
  ['no JSON', { file: 'x.json', text: '{' }, 'x.json: expected a JSON object with id, block_size'],
  ['no requests', source('x.json', []), 'x.json: expected a JSON object with id, block_size'],
  [
    'an entry that is nothing',
    source('x.json', [{ t: 3, type: 'n' }]),
    'x.json: request at t=3 of x.json: expected in and hash_ids',
  ],
  [
    'ids that do not fit',
    source('x.json', [call(0, 640, [1, 2])]),
    'x.json: request at t=0: in 640 has 10 whole blocks of 64 tokens',
  ],
])('says what is wrong with %s', (_, bad, message) => {
  expect(() => parseAgentTrace([bad])).toThrow(message)
})
