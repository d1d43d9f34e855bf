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
  for (let report = 0; report < 100; report++) slow.held(10, false)
  expect(slow.blocks).toBeGreaterThan(540)
  expect(slow.blocks).toBeLessThan(560)

  const fast = new CapacityBound(1000)
  fast.evictedBeyond(500)
  fast.held(10, true)
  expect(fast.blocks).toBe(531)
  for (let report = 0; report < 4; report++) fast.held(10, true)
  expect(fast.blocks).toBe(1000)
})

test('one that is too low now and then is not raised much faster than by a share each time', () => {
  const bound = new CapacityBound(1000)
  bound.evictedBeyond(500)
  for (let report = 0; report < 16; report++) bound.held(10, report % 4 === 0)
  expect(bound.blocks).toBeGreaterThan(630)
  expect(bound.blocks).toBeLessThan(660)
})

test('is raised at once to what one prompt shows that the engine holds', () => {
  const bound = new CapacityBound(1000)
  bound.evictedBeyond(3)
  bound.held(400, true)
  expect(bound.blocks).toBe(400)
  bound.held(500, false)
  expect(bound.blocks).toBe(500)
})

test('one of a few blocks is forgotten within some reports, though each is of a short prompt', () => {
  const bound = new CapacityBound(20_000)
  bound.evictedBeyond(3)
  for (let report = 0; report < 16; report++) bound.held(8, true)
  expect(bound.blocks).toBe(20_000)
})

test('an eviction slows the recovery down again', () => {
  const bound = new CapacityBound(1000)
  bound.evictedBeyond(100)
  for (let report = 0; report < 4; report++) bound.held(10, true)
  bound.evictedBeyond(100)
  bound.held(10, true)
  expect(bound.blocks).toBe(106)
})

test('forgets what it learned', () => {
  const bound = new CapacityBound(1000)
  bound.evictedBeyond(10)
  bound.forget()
  expect(bound.blocks).toBe(1000)
})
