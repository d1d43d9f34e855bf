import { expect, test } from 'vitest'
import { generateWorkload } from '../workload/generate-workload.ts'
import { createTextSynthesizer } from '../workload/synthesize-text.ts'
import { requestBody } from './request-body.ts'
import type { BodyOptions } from './request-body.ts'

const options = (salt = 1): BodyOptions => ({
  model: 'a "model"',
  route: 'chat',
  text: createTextSynthesizer(salt),
  ignoreEos: false,
})

const request = (seed: number, turn: number) => {
  const { sessions } = generateWorkload(
    'tools',
    { sessions: 1, turns: 3, toolProb: 1, systemLen: 40, userLen: 8, maxTokens: 7 },
    seed,
  )
  const found = sessions[0]?.requests[turn]
  if (found === undefined) throw new Error('no such turn')
  return found
}

test('the same seed gives the same bytes', () => {
  expect(requestBody(request(4, 2), options(), ['x'])).toBe(requestBody(request(4, 2), options(), ['x']))
  expect(requestBody(request(5, 2), options(), ['x'])).not.toBe(requestBody(request(4, 2), options(), ['x']))
  expect(requestBody(request(4, 2), options(2), ['x'])).not.toBe(requestBody(request(4, 2), options(), ['x']))
})

test('a chat body streams with usage and holds the real answers', () => {
  const body: unknown = JSON.parse(requestBody(request(4, 2), options(), ['said "this"\n']))
  expect(body).toMatchObject({
    model: 'a "model"',
    max_tokens: 7,
    stream: true,
    stream_options: { include_usage: true },
    messages: [
      { role: 'system', content: expect.stringMatching(/^( [a-z]{3}){10}$/) },
      { role: 'user' },
      {
        role: 'assistant',
        content: 'said "this"\n',
        tool_calls: [{ id: 'call_s0_1', type: 'function', function: { name: 'read_file' } }],
      },
      { role: 'tool', tool_call_id: 'call_s0_1' },
      // No real answer to the second turn: its stand-in has the length that was asked for.
      { role: 'assistant', content: expect.stringMatching(/^( [a-z]{3}){7}$/) },
      { role: 'tool', tool_call_id: 'call_s0_2' },
    ],
  })
  expect(body).not.toHaveProperty('ignore_eos')
})

test('plain completions get one text', () => {
  const plain = { ...options(), route: 'completions' as const, ignoreEos: true }
  expect(JSON.parse(requestBody(request(4, 1), plain, ['yes']))).toMatchObject({
    prompt: expect.stringMatching(
      /^system:( [a-z]{3})+\nuser:( [a-z]{3})+\nassistant:yes\ntool:( [a-z]{3})+\nassistant:$/,
    ),
    ignore_eos: true,
  })
  const single = generateWorkload('single', { sessions: 1, turns: 1 }, 1).sessions[0]?.requests[0]
  if (single === undefined) throw new Error('no request')
  expect(JSON.parse(requestBody(single, plain, []))).toMatchObject({ prompt: expect.stringMatching(/^( [a-z]{3})+$/) })
})
