import { describe, expect, it } from 'vitest'
import { SegmentCache } from './segment-cache.ts'
import { createTokenCache } from './token-cache.ts'

describe('a segment cache', () => {
  const segment = (end: number, check = 7) => ({ ids: new Uint32Array(100).fill(end), check, end })

  it('stays within its bytes and drops what was used least recently', () => {
    const cache = new SegmentCache(3 * 640)
    for (const end of [1, 2, 3]) cache.set(end, segment(end))
    expect([cache.size, cache.bytes]).toEqual([3, 1920])
    expect(cache.get(1, 7, 1)?.end).toBe(1)
    cache.set(4, segment(4))
    expect(cache.get(2, 7, 2)).toBeUndefined()
    expect([1, 3, 4].map((end) => cache.get(end, 7, end)?.ids[0])).toEqual([1, 3, 4])
    cache.set(4, segment(4))
    expect(cache.bytes).toBe(1920)
  })

  it('finds nothing under another check or another length', () => {
    const cache = new SegmentCache(10_000)
    cache.set(1, segment(5))
    expect([cache.get(1, 8, 5), cache.get(1, 7, 6)]).toEqual([undefined, undefined])
  })
})

describe('a token cache', () => {
  it('stays within its bytes and drops what was used least recently', () => {
    const cache = createTokenCache(2 * 700)
    cache.set('a', new Uint32Array(100))
    cache.set('b', new Uint32Array(100))
    cache.get('a')
    cache.set('c', new Uint32Array(100))
    expect([cache.get('a')?.length, cache.get('b'), cache.get('c')?.length, cache.bytes]).toEqual([
      100,
      undefined,
      100,
      1400,
    ])
    cache.set('huge', new Uint32Array(10_000))
    expect([cache.get('huge'), cache.get('c')?.length, cache.bytes]).toEqual([undefined, 100, 1400])
    cache.set('c', new Uint32Array(10_000))
    expect([cache.get('c'), cache.bytes]).toEqual([undefined, 700])
  })
})
