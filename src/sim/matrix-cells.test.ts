import { expect, test } from 'vitest'
import { cellsOf, shortTokens } from './matrix-cells.ts'
import type { MatrixDimensions } from './matrix-settings.ts'

const dimensions: MatrixDimensions = {
  profiles: ['qwen3-32b-tp2-h100'],
  replicas: [4, 8],
  kvTokens: [],
  hostTokens: [0],
  speeds: [1, 2],
  views: [{ kind: 'exact' }],
  routers: [1],
}

test('every combination once, with the KV cache of the profile where none is given', () => {
  const cells = cellsOf(dimensions, undefined)
  expect(cells.map(({ replicas, speed }) => [replicas, speed])).toEqual([
    [4, 1],
    [4, 2],
    [8, 1],
    [8, 2],
  ])
  expect(cells[0]?.kvTokens).toBe(287_000)
  const two = cellsOf({ ...dimensions, kvTokens: [1, 2], profiles: ['qwen2.5-7b-h100', 'qwen3-32b-h100'] }, undefined)
  expect(two).toHaveLength(16)
})

test('a fleet says itself how many endpoints there are', () => {
  const entry = { joinsAt: 0, leavesAt: Infinity, outages: [] }
  const cells = cellsOf(dimensions, {
    name: 'f',
    endpoints: [
      { count: 3, ...entry },
      { count: 2, ...entry },
    ],
  })
  expect(cells.map(({ replicas, speed }) => [replicas, speed])).toEqual([
    [5, 1],
    [5, 2],
  ])
})

test('tokens are shown short', () => {
  expect([900, 287_000, 1_500_000, 3_000_000].map(shortTokens)).toEqual(['900', '287k', '1.5M', '3M'])
})
