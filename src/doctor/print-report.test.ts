import { stripVTControlCharacters } from 'node:util'
import { expect, test } from 'vitest'
import { note, ok, problem } from './finding.ts'
import { printReport } from './print-report.ts'

const report = {
  endpoints: [
    {
      url: 'http://10.0.0.7:8000',
      facts: { engine: 'vllm', version: '0.31.0', models: ['m'] } as const,
      checks: [
        { check: 'reach', title: 'reachable', findings: [ok('reach.connected', 'connected')] },
        {
          check: 'stream',
          title: 'stream',
          findings: [
            ok('a', 'fine'),
            problem('b', 'a text that is too long for one line of it', 'start it with --flag'),
          ],
        },
      ],
      seconds: 1,
    },
  ],
  comparison: [note('c', 'unused')],
  counts: { ok: 2, note: 0, problem: 1 },
  seconds: 1.25,
}

test('each finding has its line, what to do stands below it, long lines are broken', () => {
  expect(printReport(report, { colours: false, width: 66 })).toBe(`http://10.0.0.7:8000  vLLM  0.31.0  m

  ok       reachable     connected
  ok       stream        fine
  problem                a text that is too long for one line of
                         it
                         → start it with --flag

1 endpoint in 1.3 s: 1 problem, 0 notes, 2 ok
`)
})

test('colours change nothing but colours', () => {
  const coloured = printReport(report, { colours: true, width: 66 })
  expect(coloured).toContain('\u001b[1;31mproblem\u001b[0m')
  expect(stripVTControlCharacters(coloured)).toBe(printReport(report, { colours: false, width: 66 }))
})
