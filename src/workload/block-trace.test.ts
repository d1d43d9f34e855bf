import { expect, test } from 'vitest'
import { bailianFormat, mooncakeFormat, parseBlockTrace } from './block-trace.ts'

const line = (timestamp: number, input: number, output: number, ids: number[]) =>
  JSON.stringify({ timestamp, input_length: input, output_length: output, hash_ids: ids })

test('reads lengths, times and blocks of a Mooncake line', () => {
  const text = `${line(0, 1000, 20, [7, 9])}\n${line(3000, 512, 0, [7])}\n`
  const { sessions, pacing } = parseBlockTrace(text, 'm.jsonl', mooncakeFormat)
  expect(pacing).toBe('open')
  expect(sessions.map((session) => session.start)).toEqual([0, 3])
  const [first, second] = sessions.map((session) => session.requests[0])
  expect(first).toMatchObject({ id: 'r0', promptTokens: 1000, outputTokens: 20 })
  // Ids are renumbered, equal ones stay equal; an answer of no token still needs one.
  expect(first?.messages[0]?.parts).toEqual([{ ids: Uint32Array.of(0, 1), unit: 512, tokens: 1000 }])
  expect(second?.messages[0]?.parts[0]?.ids).toEqual(Uint32Array.of(0))
  expect(second?.outputTokens).toBe(1)
})

test('reads a Bailian line: seconds and blocks of 16 tokens', () => {
  const text =
    '{"chat_id":1,"parent_chat_id":-1,"timestamp":61.1,"input_length":20,"output_length":4,"type":"text","turn":1,"hash_ids":[1,2]}'
  const { sessions } = parseBlockTrace(text, 'b.jsonl', bailianFormat)
  expect(sessions[0]?.start).toBe(61.1)
  expect(sessions[0]?.requests[0]?.messages[0]?.parts[0]?.unit).toBe(16)
})

test.each([
  ['no JSON', `${line(0, 1, 1, [1])}\n{"timestamp": 1,`, 'm.jsonl:2: expected one JSON object a line'],
  [
    'a missing field',
    '{"timestamp":0,"input_length":3,"hash_ids":[1]}',
    'm.jsonl:1: expected one JSON object a line with timestamp, input_length, output_length',
  ],
  [
    'a wrong type',
    '{"timestamp":0,"input_length":"3","output_length":1,"hash_ids":[1]}',
    'input_length: Invalid input: expected number, received string',
  ],
  ['too few blocks', line(0, 1025, 1, [1, 2]), 'input_length 1025 needs 3 hash_ids of 512 tokens, found 2'],
  ['too many blocks', line(0, 512, 1, [1, 2]), 'needs 1 hash_ids of 512 tokens, found 2'],
  ['no line at all', '\n\n', 'found no line'],
])('says where and what is wrong with %s', (_, text, message) => {
  expect(() => parseBlockTrace(text, 'm.jsonl', mooncakeFormat)).toThrow(message)
})
