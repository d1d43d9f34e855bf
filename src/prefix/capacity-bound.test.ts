import { expect, test } from 'vitest'
import { CapacityBound } from './capacity-bound.ts'

test('is the configured capacity until an eviction shows less', () => {
  const bound = new CapacityBound(1000)
  expect(bound.blocks).toBe(1000)
  bound.evictedBeyond(400)
  bound.evictedBeyond(600)
  expect(bound.blocks).toBe(400)
  bound.configure(300)
  expect(bound.blocks).toBe(300)
})

test('recovers slowly from predictions that came true, and fast from ones that were too low', () => {
  const slow = new CapacityBound(1000)
  slow.evictedBeyond(500)
  for (let report = 0; report < 100; report++) slow.held(false)
  expect(slow.blocks).toBeGreaterThan(540)
  expect(slow.blocks).toBeLessThan(560)

  const fast = new CapacityBound(1000)
  fast.evictedBeyond(500)
  for (let report = 0; report < 5; report++) fast.held(true)
  expect(fast.blocks).toBeGreaterThan(650)
  for (let report = 0; report < 20; report++) fast.held(true)
  expect(fast.blocks).toBe(1000)
})

test('a tiny bound recovers too', () => {
  const bound = new CapacityBound(1000)
  bound.evictedBeyond(1)
  for (let report = 0; report < 200; report++) bound.held(true)
  expect(bound.blocks).toBe(1000)
})

test('forgets what it learned', () => {
  const bound = new CapacityBound(1000)
  bound.evictedBeyond(10)
  bound.forget()
  expect(bound.blocks).toBe(1000)
})
