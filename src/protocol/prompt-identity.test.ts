import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { commonKeys, identityOf, scanned, sharedBlocks, streamOf } from './testing/canonical-stream.ts'
import { BlockHasher } from '../prefix/block-hasher.ts'
import { hashPrompt } from './prompt-identity.ts'

const CHAT = '/v1/chat/completions'
const LONG = 'All happy families are alike; each unhappy family is unhappy in its own way.\n'

interface Message {
  role: string
  content: string
  name?: string
}

const role = fc.constantFrom('system', 'developer', 'user', 'assistant', 'tool')
const text = fc
  .array(fc.constantFrom('a', 'b', ' ', '\n', '"', '\\', 'é', '𝄞', '\u0001', '/', '[', '{', 'role'))
  .map((all) => all.join(''))
const message: fc.Arbitrary<Message> = fc.record(
  { role, content: text, name: fc.constantFrom('ann', 'bob') },
  { requiredKeys: ['role', 'content'] },
)
const messages = fc.array(message, { maxLength: 6 })

/** What of a chat counts, spelled out. */
function meaning(chat: Message[]): string {
  return JSON.stringify(chat.map(({ role: who, content, name }) => [who, content, name ?? null]))
}

/** The same value with the members of its objects in another order. */
function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .map(([key, item]) => [key, reversed(item)])
      .reverse(),
  )
}

describe('the canonical prompt of a chat', () => {
  test('differs exactly where the messages differ', () => {
    fc.assert(
      fc.property(messages, messages, (one, other) => {
        const same = meaning(one) === meaning(other)
        expect(streamOf(CHAT, { messages: one }) === streamOf(CHAT, { messages: other })).toBe(same)
      }),
      { numRuns: 500 },
    )
  })

  test('does not depend on white space, the order of members or the spelling of characters', () => {
    fc.assert(
      fc.property(messages, (chat) => {
        const parts = chat.map(({ content, ...rest }) => ({ ...rest, content: [{ type: 'text', text: content }] }))
        const escaped = JSON.stringify({ messages: chat })
          .replaceAll('a', '\\u0061')
          .replaceAll('é', '\\u00E9')
          .replaceAll('/', '\\/')
        const expected = streamOf(CHAT, { messages: chat })
        expect(streamOf(CHAT, JSON.stringify({ messages: chat }, null, 2))).toBe(expected)
        expect(streamOf(CHAT, reversed({ model: 'm', messages: chat, stream: true }))).toBe(expected)
        expect(streamOf(CHAT, { messages: parts })).toBe(expected)
        expect(streamOf(CHAT, escaped)).toBe(expected)
      }),
    )
  })

  test('of one turn is the start of the next turn', () => {
    fc.assert(
      fc.property(messages, message, message, (chat, answer, question) => {
        const next = [...chat, answer, question]
        expect(streamOf(CHAT, { messages: next }).startsWith(streamOf(CHAT, { messages: chat }))).toBe(true)
        const longer = [...chat, { ...answer, content: `${answer.content}x` }]
        const shorter = [...chat, answer]
        expect(streamOf(CHAT, { messages: longer }).startsWith(streamOf(CHAT, { messages: shorter }))).toBe(true)
      }),
    )
  })
})

describe('the blocks', () => {
  const chat = (...contents: string[]): object => ({
    messages: contents.map((content, i) => ({ role: i % 2 === 0 ? 'user' : 'assistant', content })),
  })

  test('of a turn are all found in the next turn', () => {
    const first = identityOf(CHAT, chat(LONG.repeat(3)))
    const next = identityOf(CHAT, chat(LONG.repeat(3), LONG, 'more'))
    expect(first.blocks.count).toBeGreaterThan(10)
    expect(sharedBlocks(first, next)).toBe(first.blocks.count)
  })

  test('are not shared by prompts that differ from the start', () => {
    const one = identityOf(CHAT, chat(`a${LONG.repeat(5)}`))
    const other = identityOf(CHAT, chat(`b${LONG.repeat(5)}`))
    expect(commonKeys(one, other)).toBe(0)
  })

  test('are not shared by namespaces', () => {
    const body = chat(LONG.repeat(3))
    const spaces = [{}, { adapter: 'a' }, { cacheSalt: 'a' }, { tenant: 'a' }].map((space) =>
      identityOf(CHAT, body, { model: 'm', ...space }),
    )
    spaces.push(identityOf(CHAT, body, { model: 'n' }))
    spaces.forEach((one, i) => spaces.slice(0, i).forEach((other) => expect(commonKeys(one, other)).toBe(0)))
  })

  test('are the keys of the canonical bytes', () => {
    const body = chat(LONG, `\\u00e9 "${LONG}"`, '\ud83d\ude00')
    const bytes = Uint8Array.from(streamOf(CHAT, body), (byte) => byte.charCodeAt(0))
    const hasher = new BlockHasher(16)
    hasher.begin({ model: 'm' })
    hasher.update(bytes, new DataView(bytes.buffer), 0, bytes.length)
    const identity = identityOf(CHAT, body)
    expect(identity.blocks).toEqual(hasher.finish())
    expect(identity).toMatchObject({ promptBytes: bytes.length, tokenIds: false, promptTokens: undefined })
  })

  test('can be made again later, after other scans', () => {
    const scan = scanned(CHAT, chat(LONG, LONG))
    const hasher = new BlockHasher()
    const before = hashPrompt(scan, { model: 'm' }, hasher)
    scanned(CHAT, chat('something else'))
    expect(hashPrompt(scan, { model: 'm' }, hasher)).toEqual(before)
    expect(commonKeys(hashPrompt(scan, { model: 'm', adapter: 'a' }, hasher), before)).toBe(0)
  })
})
