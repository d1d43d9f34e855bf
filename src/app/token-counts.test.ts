import { describe, expect, it } from 'vitest'
import type { SchedulingRequest } from '../core/request.ts'
import { NO_BLOCKS } from '../prefix/block-keys.ts'
import { PromptKeys } from '../prefix/prompt-keys.ts'
import { namespaceSeed, tokenBlockKeys } from '../prefix/token-block-keys.ts'
import { TokenCounts } from './token-counts.ts'

const NAMESPACE = { adapter: undefined, cacheSalt: undefined }

function prompt() {
  const keys = [tokenBlockKeys(Uint32Array.of(1, 2, 3), 2, namespaceSeed(NAMESPACE, 2))]
  const request: SchedulingRequest = {
    id: 'r',
    model: 'm',
    blocks: new PromptKeys(NO_BLOCKS, 1, keys),
    tokensPerBlock: 1,
    promptTokens: 3,
    promptBytes: 12,
    outputTokens: 1,
    streamed: false,
    session: undefined,
    clientAddress: '',
    header: () => undefined,
  }
  return { keys, request }
}

describe('counts of tokens', () => {
  const source = {}

  function counts() {
    const counting = new TokenCounts<object>()
    const once = (endpoint: string, reported: number) => {
      const { keys, request } = prompt()
      counting.found(source, keys, 3)
      return counting.reported(endpoint, request, reported)
    }
    return { counting, once }
  }

  it('that differ time and again are told with an example', () => {
    const { once } = counts()
    for (let i = 0; i < 4; i++) expect([once('e', 4), once('other', 3)]).toEqual([undefined, undefined])
    expect(once('e', 5)).toEqual({
      source,
      why: '5 of 5 prompts had other counts in its usage, the last one 5 tokens where 3 were found',
    })
    expect(once('e', 4)).toBeUndefined()
  })

  it('may differ now and then', () => {
    const { once } = counts()
    for (let i = 0; i < 160; i++) expect(once('e', i % 4 === 0 ? 9 : 3)).toBeUndefined()
  })

  it('say nothing of prompts whose tokens were not found', () => {
    const { counting } = counts()
    for (let i = 0; i < 20; i++) expect(counting.reported('e', prompt().request, 9)).toBeUndefined()
  })
})
