import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { readFleetFile } from './fleet-file.ts'

const folder = mkdtempSync(join(tmpdir(), 'kvasir-fleet-'))
afterAll(() => rmSync(folder, { recursive: true }))

function read(text: string) {
  const path = join(folder, 'fleet.yaml')
  writeFileSync(path, text)
  return readFleetFile(path)
}

test('reads unequal endpoints with units', () => {
  const fleet = read(`
endpoints:
  - {id: fast, count: 2, profile: qwen3-32b-tp2-h200, hostTokens: 1M, hostLoadShare: 0.1}
  - id: slow
    slow: 1.5
    kvTokens: 300k
    believed: {profile: qwen3-32b-tp2-h100}
    joinsAt: 5m
    leavesAt: 1h
    outages: [{from: 400, to: 450s}]
`)
  expect(fleet.name).toBe('fleet.yaml')
  expect(fleet.endpoints).toEqual([
    {
      id: 'fast',
      count: 2,
      profile: 'qwen3-32b-tp2-h200',
      hostTokens: 1_000_000,
      hostLoadShare: 0.1,
      joinsAt: 0,
      leavesAt: Infinity,
      outages: [],
    },
    {
      id: 'slow',
      count: 1,
      slow: 1.5,
      kvTokens: 300_000,
      believed: { profile: 'qwen3-32b-tp2-h100' },
      joinsAt: 300,
      leavesAt: 3600,
      outages: [{ from: 400, to: 450 }],
    },
  ])
})

test.each([
  ['endpoints: []', 'fleet.yaml:1:12: endpoints: expected at least 1 entry'],
  [
    'endpoints:\n  - count: 0\n',
    'fleet.yaml:2:12: endpoints[0].count: expected a whole number from 1 to 4096, found 0',
  ],
  ['endpoints:\n  - {kvTokens: 3 parsecs}\n', 'fleet.yaml:2:16: endpoints[0].kvTokens: expected a number of tokens'],
  ['endpoints:\n  - {profil: x}\n', 'fleet.yaml:2:6: endpoints[0].profil: there is no such key'],
  ['endpoints:\n  - {profile: x}\n', 'endpoints[0].profile: expected one of llama'],
  ['endpoints:\n  - {outages: [{from: 5, to: 4}]}\n', 'endpoints[0].outages[0]: expected from to lie before to'],
  ['endpoints:\n  - {joinsAt: 5, leavesAt: 4}\n', 'endpoints[0]: expected joinsAt to lie before leavesAt'],
  ['endpoints:\n  - {id: a}\n  - {id: a}\n', 'expected different ids, found a twice'],
  ['endpoints: [', 'fleet.yaml:1:'],
])('refuses %j', (text, message) => {
  expect(() => read(text)).toThrow(message)
})

test('says that a file cannot be read', () => {
  expect(() => readFleetFile(join(folder, 'missing.yaml'))).toThrow(/^--fleet: cannot read .*missing\.yaml: ENOENT/)
})
