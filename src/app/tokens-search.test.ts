import { describe, expect, it } from 'vitest'
import { fleetFixture } from '../core/testing/fleet-fixture.ts'
import { understand } from '../gateway/understand.ts'
import { BlockHasher } from '../prefix/block-hasher.ts'
import { namespaceSeed, tokenBlockKeys } from '../prefix/token-block-keys.ts'
import { routeOf } from '../protocol/route.ts'
import type { PromptTokenizer, PromptTokens } from '../tokenizer/prompt-tokenizer.ts'
import { TokenSearch } from './tokens-search.ts'

const settings = {
  path: '/m',
  mode: 'auto',
  remote: 'auto',
  inline: 1,
  deadline: 0.02,
  forwardIds: false,
  cacheBytes: 1,
} as const

/** A search whose tokens come when the test says so. */
function rig(wanted = true) {
  const results: string[] = []
  const asked: { readonly prompt: string; readonly answer: (tokens: PromptTokens) => void }[] = []
  const answer = (prompt: string): Promise<PromptTokens> => {
    const { promise, resolve } = Promise.withResolvers<PromptTokens>()
    asked.push({ prompt, answer: resolve })
    return promise
  }
  const prompts: PromptTokenizer = {
    chat: () => answer('chat'),
    text: (prompt) => answer(prompt),
    render: () => '',
    chatFault: undefined,
  }
  const search = new TokenSearch({
    tokenBlocks: {
      wantedBy: () => wanted,
      keysOf: (ids, { model, cacheSalt }) => [tokenBlockKeys(ids, 2, namespaceSeed({ adapter: model, cacheSalt }, 2))],
    },
    clock: () => performance.now() / 1000,
    sought: (model, result) => void results.push(`${model} ${result}`),
  })
  return { search, results, asked, tokens: { model: 'm', settings, chat: prompts, text: prompts, mayForward: false } }
}

function understood(body: object | string, path = '/v1/completions') {
  const bytes = Buffer.from(typeof body === 'string' ? body : JSON.stringify(body))
  const { fleet } = fleetFixture(['e'])
  const route = routeOf('POST', path)
  if (route === undefined) throw new Error(`no route ${path}`)
  const services = { fleet, hasher: new BlockHasher() }
  const request = understand(services, route, bytes, { contentEncoding: undefined, tenant: undefined })
  if ('code' in request) throw new Error(request.message)
  return { request, bytes }
}

const exact: PromptTokens = { exact: true, tokens: Uint32Array.of(1, 2, 3, 4, 5) }

describe('a search for tokens', () => {
  it('finds them and cuts them into the blocks of its namespace', async () => {
    const { search, asked, tokens, results } = rig()
    const { request, bytes } = understood('{"model":"m","cache_salt":"s","prompt":"a\\u00e9\\n\\"b"}')
    const found = search.text(tokens, request, bytes)
    expect(asked[0]?.prompt).toBe('aé\n"b')
    asked[0]?.answer(exact)
    const keys = tokenBlockKeys(exact.tokens, 2, namespaceSeed({ adapter: 'm', cacheSalt: 's' }, 2))
    expect(await found).toEqual({ ids: exact.tokens, keys: [keys], forward: false })
    expect(results).toEqual(['m exact'])
  })

  it('cuts nothing while no engine reports its blocks', async () => {
    const { search, asked, tokens } = rig(false)
    const { request, bytes } = understood({ model: 'm', prompt: 'a' })
    const found = search.text(tokens, request, bytes)
    asked[0]?.answer(exact)
    expect(await found).toEqual({ ids: exact.tokens, keys: undefined, forward: false })
  })

  it('ends at the deadline, and begins no other while eight are late', async () => {
    const { search, asked, tokens, results } = rig()
    const { request, bytes } = understood({ model: 'm', prompt: 'a' })
    const late = Array.from({ length: 8 }, () => search.text(tokens, request, bytes))
    expect(await Promise.all(late.map(async (one) => await one))).toEqual(Array.from({ length: 8 }, () => undefined))
    expect(search.text(tokens, request, bytes)).toBeUndefined()
    expect(results).toEqual([...Array.from({ length: 8 }, () => 'm late'), 'm busy'])
    for (const { answer } of asked) answer(exact)
    await new Promise((resolve) => setImmediate(resolve))
    const again = search.text(tokens, request, bytes)
    asked.at(-1)?.answer({ exact: false, fault: 'template', reason: 'no' })
    expect(await again).toBeUndefined()
    expect(results.at(-1)).toBe('m template')
  })

  it.each([
    ['a member that cuts it', { model: 'm', prompt: 'a', truncate_prompt_tokens: 3 }],
    ['a body that is too long', { model: 'm', prompt: 'a'.repeat(9 << 20) }],
  ])('does not begin with %s', async (_name, body) => {
    const { search, asked, tokens, results } = rig()
    const { request, bytes } = understood(body)
    expect(await search.text(tokens, request, bytes)).toBeUndefined()
    expect([asked, results]).toEqual([[], ['m inexact']])
  })

  it('is not there for several prompts, nor where the tokens are not known to be right', () => {
    const { search, tokens, results } = rig()
    const several = understood({ model: 'm', prompt: ['a', 'b'] })
    expect(search.text(tokens, several.request, several.bytes)).toBeUndefined()
    const one = understood({ model: 'm', prompt: 'a' })
    expect(search.text({ ...tokens, text: undefined }, one.request, one.bytes)).toBeUndefined()
    expect(search.chat({ ...tokens, chat: undefined }, one.request, one.bytes)).toBeUndefined()
    expect(results).toEqual([])
  })
})
