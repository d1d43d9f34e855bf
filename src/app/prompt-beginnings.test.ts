import { describe, expect, it } from 'vitest'
import { BlockHasher } from '../prefix/block-hasher.ts'
import type { BlockKeys } from '../prefix/block-keys.ts'
import { PromptBeginnings } from './prompt-beginnings.ts'

/** Keys of a text, a block for each 16 characters. */
function keysOf(text: string): BlockKeys {
  const hasher = new BlockHasher(16)
  const bytes = new TextEncoder().encode(text)
  hasher.begin({ model: 'm' }, 0)
  hasher.update(bytes, new DataView(bytes.buffer), 0, bytes.length)
  return hasher.finish()
}

const ids = (text: string): Uint32Array => Uint32Array.from(text, (letter) => letter.codePointAt(0) ?? 0)
const TURN = 'the first turn of a conversation, '
const LONGER = `${TURN}and the second one of it, which is longer, `

describe('beginnings of prompts', () => {
  it('are those of the longest prompt that a prompt goes on with, without what may change', () => {
    const known = new PromptBeginnings(1 << 20, 3)
    known.learn(keysOf(TURN), ids(TURN))
    const next = known.recall(keysOf(LONGER))
    expect([next?.blocks, next?.ids]).toEqual([2, ids(TURN).subarray(0, -3)])
    known.learn(keysOf(LONGER), ids(LONGER))
    expect(known.recall(keysOf(`${LONGER}and the third.`))?.ids).toEqual(ids(LONGER).subarray(0, -3))
    expect(known.recall(keysOf(TURN))?.blocks).toBe(2)
    expect(known.recall(keysOf('the first turn of another conversation'))).toBeUndefined()
    expect(known.recall(keysOf('short'))).toBeUndefined()
  })

  it('leave out as much as was seen to change from turn to turn, as long as it is seen', () => {
    const known = new PromptBeginnings(1 << 20, 0)
    let text = TURN
    const learn = (opened: string): void => known.learn(keysOf(text), ids(text + opened))
    learn('[answer:]')
    expect(known.recall(keysOf(LONGER))?.ids).toEqual(ids(`${TURN}[answer:]`))
    text = LONGER
    learn('[answer:]')
    text += 'and so it goes on '
    expect(known.recall(keysOf(text))?.ids).toEqual(ids(LONGER))
    for (let turn = 0; turn < 9; turn++) {
      learn('')
      text += `and on and on and on ${turn} `
    }
    expect(known.recall(keysOf(text))?.ids.length).toBeGreaterThan(text.length - 30)
  })

  it('are none where a template writes everything anew', () => {
    const known = new PromptBeginnings(1 << 20, 0)
    known.learn(keysOf(TURN), ids(TURN))
    known.learn(keysOf(LONGER), ids(LONGER.toUpperCase()))
    expect(known.recall(keysOf(TURN))).toBeUndefined()
  })

  it('stay within their bytes', () => {
    const known = new PromptBeginnings(600, 0)
    for (const text of [TURN, TURN.toUpperCase()]) known.learn(keysOf(text), ids(text))
    expect(known.recall(keysOf(TURN))).toBeUndefined()
    expect(known.recall(keysOf(TURN.toUpperCase()))?.ids).toHaveLength(TURN.length)
  })
})
