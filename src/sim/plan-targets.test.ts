import { expect, test } from 'vitest'
import { parseTarget, targetLabel } from './plan-targets.ts'

test('reads a target and writes it again', () => {
  const target = parseTarget('--slo', 'tpot-p95=0.05')
  expect(target).toEqual({ time: 'tpot', statistic: 'p95', seconds: 0.05 })
  expect(targetLabel(target)).toBe('tpot-p95=0.05')
})

test.each([
  ['ttft-p95', '--slo: expected targets such as ttft-p95=2 (seconds), found ttft-p95'],
  ['ttft-p95=1=2', 'expected targets such as'],
  ['itl-p95=1', 'expected one of ttft, tpot, e2e; found itl'],
  ['ttft-p96=1', 'expected one of mean, p50, p90, p95, p99; found p96'],
  ['ttft=1', 'expected one of mean, p50, p90, p95, p99; found '],
  ['ttft-p95=0', 'expected a number above 0, found 0'],
])('refuses %s', (text, message) => {
  expect(() => parseTarget('--slo', text)).toThrow(message)
})
