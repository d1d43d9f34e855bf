import { expect, test } from 'vitest'
import { createProgress } from './progress.ts'

function play(isTTY: boolean, times: readonly number[]): string[] {
  const written: string[] = []
  let now = 0
  const progress = createProgress({ isTTY, write: (text) => written.push(text) }, () => now)
  for (const time of times) {
    now = time
    progress.update({ seed: 1, total: 4, sent: 3, done: 2, failed: 1 })
  }
  progress.end()
  return written
}

test('plain lines come at most every five seconds', () => {
  expect(play(false, [10, 4999, 5000, 9000, 10_001])).toEqual(
    Array.from({ length: 2 }, () => 'seed 1: 2/4 requests, 1 in flight, 1 failed\n'),
  )
})

test('a terminal gets one line that is redrawn and taken away at the end', () => {
  const written = play(true, [100, 250])
  expect(written).toHaveLength(2)
  expect(written[0]).toContain('[############............] seed 1: 2/4')
  expect(written[1]).toBe('\r\u001b[2K')
})
