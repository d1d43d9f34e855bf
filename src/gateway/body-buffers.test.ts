import { expect, it } from 'vitest'
import { BodyBuffers } from './body-buffers.ts'

const KIB = 1024

it('uses a large buffer again, for any length of its size class', () => {
  const buffers = new BodyBuffers()
  const first = buffers.take(100 * KIB)
  expect(first.length).toBe(100 * KIB)
  buffers.give(first)
  const second = buffers.take(128 * KIB)
  expect([second.length, second.buffer === first.buffer]).toEqual([128 * KIB, true])
})

it('never hands out a buffer that is still in use', () => {
  const buffers = new BodyBuffers()
  expect(buffers.take(100 * KIB).buffer).not.toBe(buffers.take(100 * KIB).buffer)
})

it('ignores buffers that are not its own: small ones, parts, other sizes', () => {
  const buffers = new BodyBuffers()
  const foreign = [
    Buffer.alloc(10),
    Buffer.alloc(100 * KIB),
    Buffer.alloc(256 * KIB).subarray(64 * KIB),
    Buffer.alloc(16 * KIB * KIB),
  ]
  for (const buffer of foreign) buffers.give(buffer)
  for (const length of [100 * KIB, 200 * KIB, 16 * KIB * KIB]) {
    expect(foreign.map(({ buffer }) => buffer)).not.toContain(buffers.take(length).buffer)
  }
})

it('keeps no more than its share of memory', () => {
  const buffers = new BodyBuffers()
  const taken = Array.from({ length: 12 }, () => buffers.take(8 * KIB * KIB))
  for (const buffer of taken) buffers.give(buffer)
  const again = Array.from({ length: 12 }, () => buffers.take(8 * KIB * KIB))
  const kept = again.filter(({ buffer }) => taken.some((one) => one.buffer === buffer))
  expect(kept).toHaveLength(8)
})
