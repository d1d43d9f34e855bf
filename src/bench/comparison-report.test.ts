import { expect, test } from 'vitest'
import { createRandom } from '../workload/random.ts'
import { compareAll, comparisonMarkdown, comparisonTable, comparisonText } from './comparison-report.ts'
import { reportMarkdown, reportText } from './report.ts'
import { toColumns } from './request-columns.ts'
import type { RequestRecord } from './request-record.ts'
import type { BenchResult } from './result-schema.ts'
import { summarize } from './summarize.ts'

/** A result whose times are those of a common draw times a factor. */
function resultOf(label: string, factor: number, change: Partial<RequestRecord> = {}): BenchResult {
  const runs = [1, 2, 3].map((seed) => {
    const random = createRandom(seed)
    const records = Array.from({ length: 60 }, (_, i): RequestRecord => {
      const ttft = (0.2 + random()) * factor
      return {
        id: `r${i}`,
        session: `r${i}`,
        sent: i,
        lag: 0,
        status: 200,
        error: null,
        ttft,
        tpot: 0.02,
        e2e: ttft + 1,
        promptTokens: 100,
        cachedTokens: 50,
        outputTokens: 51,
        endpoint: i % 4 === 0 ? 'a' : 'b|c',
        reason: null,
        warmup: false,
        ...change,
      }
    })
    return { seed, records }
  })
  return {
    format: 'kvasir-bench',
    version: 1,
    label,
    command: ['http://h:1', '--label', "it's"],
    target: { url: 'http://h:1', model: 'm', route: 'chat' },
    environment: { cpu: 'Some CPU', cores: 2, node: 'v26.0.0' },
    timeScale: 1,
    workload: {
      name: 'chat',
      source: 'generator chat',
      pacing: 'sessions',
      concurrency: null,
      speed: 1,
      jitter: 0,
      knobs: {},
      sessions: 60,
      requests: 60,
      promptTokens: 6000,
      idealCachedShare: 0.6,
      salted: true,
      notes: [],
    },
    summary: summarize(runs, [{ ttft: 2, tpot: 0.025 }]),
    runs: runs.map(({ seed, records }) => ({
      seed,
      seconds: 60,
      interrupted: false,
      clientCpuSeconds: 1,
      requests: toColumns(records),
    })),
  }
}

const base = resultOf('round-robin', 1)

const rowOf = (other: BenchResult, figure: string) => {
  const row = comparisonTable(compareAll(base, [other])).rows.find((cells) => cells[0]?.startsWith(figure))
  if (row === undefined) throw new Error(`no row ${figure}`)
  return row
}

test('an arm that needs half the time is told from the base, one that needs the same is not', () => {
  expect(rowOf(resultOf('kvasir', 0.5), 'TTFT p90')[3]).toBe('0.500 [0.500, 0.500] seeds [0.500, 0.500]')
  expect(rowOf(resultOf('other', 1), 'TTFT p90')[3]).toBe('1.000 [1.000, 1.000] seeds [1.000, 1.000] no difference')
  expect(rowOf(resultOf('kvasir', 0.5), 'TPOT mean')[3]).toContain('no difference')
})

test('shares are compared over seeds', () => {
  expect(rowOf(resultOf('kvasir', 1, { cachedTokens: 75 }), 'cached share')).toEqual([
    'cached share',
    '50.0 %',
    '75.0 %',
    '1.500 seeds [1.500, 1.500]',
  ])
})

test('an arm without any answer has no ratio', () => {
  const dead = resultOf('dead', 1, { error: 'connect', ttft: null, tpot: null, e2e: null, outputTokens: null })
  expect(rowOf(dead, 'requests/s')[3]).toContain('0.000')
  expect(rowOf(dead, 'error share').slice(0, 4)).toEqual(['error share', '0.0 %', '100.0 %', '-'])
  expect(reportText(dead)).toMatch(/connect +180/)
})

test('other requests are not compared in pairs, and the reader is told', () => {
  const other = {
    ...resultOf('other', 1),
    runs: base.runs.map((run) => ({ ...run, seed: run.seed + 10 })),
    timeScale: 4,
  }
  const text = comparisonText(compareAll(base, [other]))
  expect(text).toContain('other: other requests than the base, so not compared in pairs')
  expect(text).toContain('careful, time scale differs: round-robin 1, other 4')
})

test('Markdown names command and machine, and escapes what would break a table', () => {
  const page = reportMarkdown(base)
  expect(page).toContain(`kvasir bench http://h:1 --label 'it'\\''s'`)
  expect(page).toContain('load generator on Some CPU, 2 cores, Node v26.0.0')
  expect(page).toMatch(/\| b\\\|c +\| +135 \| 75\.0 % \|/)
  expect(comparisonMarkdown(compareAll(base, [resultOf('kvasir', 0.5)]))).toMatch(
    /\| figure +\| round-robin \| kvasir \|/,
  )
})

test('the table of times has a row per time with its intervals', () => {
  const text = reportText(base)
  expect(text).toMatch(/TTFT \(ms\) +\d/)
  expect(text).toMatch(/E2E \(s\) +1\./)
  expect(text.match(/95 % over seeds/g)).toHaveLength(3)
  expect(text).toMatch(/busiest endpoint +75\.0 %/)
})
