import { beforeAll, expect, test } from 'vitest'
import { runMatrix } from '../matrix.ts'
import { smallMatrix } from '../testing/small-matrix.ts'
import { simulationHtml } from './html-page.ts'
import { simulationMarkdown, simulationText } from './simulation-report.ts'
import type { SimulationReport } from './simulation-schema.ts'

const HOSTILE = '<b>"&\'</b>'
let report: SimulationReport

beforeAll(async () => {
  const { arms } = smallMatrix()
  const named = arms.map((arm) => (arm.label === 'mine' ? { ...arm, label: HOSTILE } : arm))
  report = await runMatrix(smallMatrix({ arms: named }), { jobs: 2 })
})

test('the tables hold every policy in every cell, and what differs between cells as their title', () => {
  const text = simulationText(report)
  expect(text).toContain('everywhere: qwen3-32b-tp2-h100, 20k KV, speed 1')
  expect(text).toContain('\n3 endpoints, predicted view\n')
  expect(text.match(/^marginal-cost /gm)).toHaveLength(4 * 3)
  expect(text).toContain('2 of the 5 seeds or more that intervals over seeds need')
  const page = simulationMarkdown(report)
  expect(page).toContain('## Relative to round-robin: 2 endpoints, exact view')
  expect(page).toContain('kvasir simulate --workload chat')
})

test('"no difference" stands where an interval includes 1', () => {
  const [cell] = report.cells
  const [base] = cell?.arms ?? []
  if (cell === undefined || base === undefined) throw new Error('expected a cell with arms')
  const ratio = { value: 0.98, requests: [0.9, 0.99] as [number, number], seeds: null, verdict: 'lower' as const }
  const open = { ...ratio, seeds: [0.95, 1.02] as [number, number], verdict: 'no difference' as const }
  const timing = { mean: ratio, p50: ratio, p90: ratio, p95: open, p99: ratio }
  const ratios = {
    paired: true,
    ttft: timing,
    tpot: timing,
    e2e: timing,
    cachedShare: ratio,
    goodput: [],
    lengthScaledGoodput: ratio,
    backlogVariation: ratio,
  }
  const text = simulationText({ ...report, cells: [{ ...cell, arms: [base, { ...base, label: 'x', ratios }] }] })
  expect(text).toMatch(/x +0\.980 \[0\.900, 0\.990\] +0\.980 \[0\.900, 1\.020\] no difference/)
})

test('the page is complete in itself, and nothing that users name breaks it', () => {
  const page = simulationHtml(report)
  expect(page).not.toMatch(/\b(?:src|href)=|@import|url\(|https?:/)
  expect(page).not.toContain(HOSTILE)
  expect(page).toContain('&lt;b&gt;&quot;&amp;')
  expect(page).not.toMatch(/NaN|undefined|Infinity/)
  for (const name of [
    'svg',
    'g',
    'table',
    'tr',
    'td',
    'div',
    'figure',
    'details',
    'text',
    'title',
    'ul',
    'li',
    'button',
  ]) {
    const opened = page.match(new RegExp(`<${name}[ >]`, 'g'))?.length
    expect([name, page.match(new RegExp(`</${name}>`, 'g'))?.length]).toEqual([name, opened])
  }
})

test('a single cell needs no overview', () => {
  const page = simulationHtml({ ...report, cells: report.cells.slice(0, 1) })
  expect(page).not.toContain('All cells')
  expect(page).toContain('mean E2E (s)')
})
