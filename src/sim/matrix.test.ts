import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createRandom } from '../workload/random.ts'
import { runMatrix } from './matrix.ts'
import type { MatrixProgress } from './matrix.ts'
import { simulationReportSchema } from './report/simulation-schema.ts'
import { smallMatrix } from './testing/small-matrix.ts'

test('the report is the same byte for byte however many threads there are, and fits its schema', async () => {
  const steps: MatrixProgress[] = []
  const alone = await runMatrix(smallMatrix(), { jobs: 1, onProgress: (step) => steps.push(step) })
  const together = await runMatrix(smallMatrix(), { jobs: 3 })
  expect(JSON.stringify(together)).toBe(JSON.stringify(alone))
  expect(simulationReportSchema.parse(JSON.parse(JSON.stringify(alone)))).toEqual(alone)
  expect(steps.at(-1)).toEqual({ cells: 4, cellsDone: 4, runs: 24, runsDone: 24 })
})

test('arms stand in their order with ratios to the baseline', async () => {
  const { cells, workload } = await runMatrix(smallMatrix({ baseline: 'mine' }), { jobs: 2 })
  expect(workload).toMatchObject({ name: 'chat', pacing: 'sessions', sessions: 8, requests: 32 })
  expect(cells.map(({ replicas, view }) => [replicas, view])).toEqual([
    [2, 'exact'],
    [2, 'predicted'],
    [3, 'exact'],
    [3, 'predicted'],
  ])
  for (const { arms } of cells) {
    expect(arms.map(({ label, ratios }) => [label, ratios === null])).toEqual([
      ['round-robin', false],
      ['mine', true],
      ['marginal-cost', false],
    ])
    for (const { requests, unfinished } of arms) expect([requests, unfinished]).toEqual([2 * 28, 0])
  }
})

test('requests at recorded times are compared one by one, others as samples', async () => {
  const { load } = smallMatrix()
  const paired = async (more: Partial<typeof load>) => {
    const { cells } = await runMatrix(smallMatrix({ load: { ...load, ...more } }), { jobs: 2 })
    return new Set(cells.flatMap(({ arms }) => arms.flatMap(({ ratios }) => ratios?.paired ?? [])))
  }
  expect(await paired({ concurrency: 3 })).toEqual(new Set([false]))
  const single = { kind: 'generator', workload: 'single', knobs: { sessions: 20, turns: 1 } } as const
  expect(await paired({ selection: { ...load.selection, source: single } })).toEqual(new Set([true]))
})

test('a prompt that no cache holds is refused with its name', async () => {
  const { dimensions } = smallMatrix()
  const tiny = smallMatrix({ dimensions: { ...dimensions, kvTokens: [100_000, 640] } })
  await expect(runMatrix(tiny, { jobs: 1 })).rejects.toThrow(
    /request s\d:3 needs \d+ tokens \(prompt \d+, output 32\), but the KV cache of endpoint e1 .* holds 640: give --kv-tokens/,
  )
})

test('a fleet whose endpoints make no sense is refused', async () => {
  const entry = {
    count: 1,
    joinsAt: 0,
    leavesAt: Infinity,
    outages: [
      { from: 5, to: 9 },
      { from: 6, to: 7 },
    ],
  }
  const broken = smallMatrix({ fleet: { name: 'f', endpoints: [entry] } })
  await expect(runMatrix(broken, { jobs: 1 })).rejects.toThrow(/^scenario: outages of e1: expected a period after 9/)
})

/** A trace of conversations about few documents, one request a line, in which later turns repeat earlier ones. */
async function writeTrace(path: string): Promise<void> {
  const random = createRandom(5)
  const prompts: number[][] = []
  const lines = Array.from({ length: 200 }, (_, index) => {
    const earlier = random() < 0.6 ? (prompts[Math.floor(random() * prompts.length)] ?? []) : []
    const ids = [...earlier, ...Array.from({ length: 4 }, (_block, block) => index * 10 + block)]
    prompts.push(ids)
    return JSON.stringify({ timestamp: index * 100, input_length: ids.length * 512, output_length: 20, hash_ids: ids })
  })
  await writeFile(path, lines.join('\n'))
}

test('no policy beats the bounds, and the floors stand in their order', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'kvasir-matrix-'))
  const path = join(folder, 'trace.jsonl')
  await writeTrace(path)
  const { load } = smallMatrix()
  const source = { kind: 'trace', path, blockTokens: undefined } as const
  const settings = smallMatrix({ load: { ...load, selection: { ...load.selection, source } } })
  const { cells } = await runMatrix(settings, { jobs: 2 })
  await rm(folder, { recursive: true })
  for (const { bounds, arms } of cells) {
    if (bounds === null) throw new Error('expected bounds')
    const { none, lru, belady, endless } = bounds.floors
    expect(none.cachedShare).toBe(0)
    expect(lru.cachedShare).toBeLessThan(belady.cachedShare)
    expect(belady.cachedShare).toBeLessThanOrEqual(endless.cachedShare)
    expect(bounds.meanTtft).toBeGreaterThanOrEqual(Math.max(bounds.work, bounds.queueing))
    expect(endless.ttft).toBeGreaterThan(bounds.work)
    for (const { ttft, cachedShare } of arms) {
      expect(ttft?.mean.value).toBeGreaterThan(bounds.meanTtft)
      expect(cachedShare.value).toBeLessThanOrEqual(belady.cachedShare)
    }
  }
  expect(new Set(cells.map(({ bounds }) => JSON.stringify(bounds))).size).toBe(2)
})

test('where requests wait for answers there are no bounds', async () => {
  const { cells } = await runMatrix(smallMatrix({ seeds: [1] }), { jobs: 1 })
  expect(cells.map(({ bounds }) => bounds)).toEqual([null, null, null, null])
})
