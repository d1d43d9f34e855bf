import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decisionLineSchema, decisionLogLine } from '../core/decision-log-format.ts'
import type { LoggedRequest } from '../core/decision-log-format.ts'
import { BlockHasher } from '../prefix/block-hasher.ts'
import { BLOCK_BYTES } from '../prefix/block-keys.ts'
import { parseDecisionLog } from './decision-log.ts'
import { idealReuse } from './ideal-reuse.ts'

const encoder = new TextEncoder()

/** A request whose prompt is this text, at four bytes a token. */
function logged(text: string, more: Partial<LoggedRequest> = {}): LoggedRequest {
  const bytes = encoder.encode(text)
  const hasher = new BlockHasher()
  hasher.begin({ model: 'm' })
  hasher.update(bytes, new DataView(bytes.buffer), 0, bytes.length)
  return {
    at: 1_700_000_000_000,
    e2e: 500,
    ttft: 100,
    model: 'm',
    promptTokens: Math.ceil(bytes.length / 4),
    promptBytes: bytes.length,
    outputTokens: 10,
    cachedTokens: 0,
    blocks: hasher.finish(),
    session: undefined,
    endpoint: undefined,
    ...more,
  }
}

const parse = (requests: readonly LoggedRequest[], model?: string) =>
  parseDecisionLog(
    [{ file: 'log.jsonl', text: requests.map((request) => decisionLogLine(request, 's')).join('') }],
    model,
  )

test('a line holds neither the text nor the name of the session', () => {
  const line = decisionLogLine(logged('x'.repeat(600), { session: 'alice', endpoint: 'e1' }), 'secret')
  expect(line).not.toMatch(/xxx|alice/)
  expect(line.endsWith('}\n')).toBe(true)
  const parsed = decisionLineSchema.parse(JSON.parse(line))
  expect(parsed).toMatchObject({ v: 1, at: 1_700_000_000_000, promptTokens: 150, endpoint: 'e1' })
  expect(parsed.blocks).toHaveLength(2 * 16)
  const other = decisionLogLine(logged('x'.repeat(600), { session: 'alice' }), 'another secret')
  expect(decisionLineSchema.parse(JSON.parse(other)).session).not.toBe(parsed.session)
})

test('a key is written as the number it is, highest digit first', () => {
  const blocks = { count: 1, words: Uint32Array.of(0x89abcdef, 0x01234567) }
  expect(decisionLogLine(logged('', { blocks }), 's')).toContain('"blocks":"0123456789abcdef"')
})

test('prompts keep their token counts and share what they shared', () => {
  const text = fc
    .array(fc.constantFrom('a', 'b'), { maxLength: 6 })
    .map((parts) => parts.map((p) => p.repeat(200)).join(''))
  fc.assert(
    fc.property(fc.array(text, { minLength: 1, maxLength: 12 }), (texts) => {
      const workload = parse(texts.map((prompt, index) => logged(prompt, { at: 1_700_000_000_000 + index })))
      const found = workload.sessions.flatMap(({ requests }) => requests)
      expect(found.map(({ promptTokens }) => promptTokens)).toEqual(
        texts.map((prompt) => Math.max(1, Math.ceil(prompt.length / 4))),
      )
      const seen = new Set<string>()
      let shared = 0
      for (const prompt of texts) {
        for (let end = BLOCK_BYTES; end <= prompt.length; end += BLOCK_BYTES) {
          if (seen.has(prompt.slice(0, end))) shared += BLOCK_BYTES / 4
          seen.add(prompt.slice(0, end))
        }
      }
      expect(idealReuse(workload).cachedTokens).toBe(shared)
    }),
  )
})

test('where tokens are counted otherwise than before, known blocks keep their length', () => {
  const workload = parse([
    logged('a'.repeat(512), { promptTokens: 40 }),
    logged('a'.repeat(512) + 'b'.repeat(512), { at: 1_700_000_000_001, promptTokens: 161 }),
  ])
  const runs = workload.sessions.map(({ requests }) =>
    requests[0]?.messages[0]?.parts.map(({ ids, unit, tokens }) => [[...ids], unit, tokens]),
  )
  expect(runs).toEqual([
    [[[0, 1], 20, 40]],
    [
      [[0, 1], 20, 40],
      [[2, 3], 60, 120],
      [[4], 1, 1],
    ],
  ])
})

test('requests of a session follow the one that had ended last', () => {
  const at = 1_700_000_000_000
  const { sessions } = parse([
    logged('third', { session: 'a', at: at + 900, e2e: 100 }),
    logged('first', { session: 'a', at, e2e: 500 }),
    logged('beside', { session: 'a', at: at + 100, e2e: 5000 }),
    logged('alone', { at: at + 2500 }),
  ])
  expect(sessions.map(({ start }) => start)).toEqual([0, 2.5])
  expect(sessions[0]?.requests.map(({ offset, after, think }) => ({ offset, after, think }))).toEqual([
    { offset: 0, after: [], think: 0 },
    { offset: 0.1, after: [], think: 0.1 },
    { offset: 0.9, after: [0], think: 0.4 },
  ])
})

test('a log of several models wants one to be chosen', () => {
  const requests = [logged('a'), logged('b', { model: 'n' }), logged('c', { model: 'n' })]
  expect(() => parse(requests)).toThrow(
    'log.jsonl: expected requests for one model, found m (1), n (2): choose one with --model',
  )
  expect(() => parse(requests, 'o')).toThrow('expected requests for model o, found those for m (1), n (2)')
  expect(parse(requests, 'n').sessions).toHaveLength(2)
})

test.each([
  ['{"kvasir":"decision"', /log\.jsonl:2: expected one line of a decision log, version 1, found text that is not JSON/],
  ['{"kvasir":"decision","v":2}', /log\.jsonl:2: .*; v: /],
  [
    decisionLogLine(logged('a'), 's').replace('"blocks":""', '"blocks":"12"'),
    /log\.jsonl:2: .*blocks: expected 16 hexa/,
  ],
])('says where a line is malformed: %s', (line, message) => {
  const text = `${decisionLogLine(logged('a'), 's')}${line}`
  expect(() => parseDecisionLog([{ file: 'log.jsonl', text }], undefined)).toThrow(message)
})
