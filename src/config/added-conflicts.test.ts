import { expect, test } from 'vitest'
import { addedConflicts, type PublishingAddress } from './added-conflicts.ts'
import { parseEndpoint } from './parse-endpoint.ts'
import { loaded, ONE_ENDPOINT } from './testing/load-text.ts'

const { config } = loaded(ONE_ENDPOINT)

function conflictsOf(given: object, others: readonly PublishingAddress[]): string[] {
  const endpoint = parseEndpoint(given, config, [])
  if ('problems' in endpoint) throw new Error(endpoint.problems.join('; '))
  return addedConflicts(given, endpoint, others)
}

/** An endpoint with two ranks, whose events come from ports 5557 and 5558 of host a. */
const a: PublishingAddress = {
  name: 'gpu-a',
  url: 'http://a:8000',
  ranks: 2,
  kvEvents: { address: 'tcp://a:5557', bind: false, topic: '', rank: undefined },
}

test('an address where another endpoint publishes is refused, after * is the host and ranks have moved the port', () => {
  const [found, ...more] = conflictsOf({ url: 'http://A:9000', kvEvents: { address: 'tcp://*:5558' } }, [a])
  expect(more).toEqual([])
  expect(found).toMatch(
    /^kvEvents\.address: expected an address of its own, found tcp:\/\/a:5558, where endpoint 'gpu-a' publishes already; give each/,
  )
  const ranks = { url: 'http://a:9000', ranks: 3, kvEvents: { address: 'tcp://*:5555' } }
  expect(conflictsOf(ranks, [a])[0]).toContain('found tcp://a:5557')
})

test('addresses of their own, and endpoints that publish nothing, are taken', () => {
  const port = { url: 'http://a:9000', kvEvents: { address: 'tcp://*:5559' } }
  const host = { url: 'http://b:8000', kvEvents: { address: 'tcp://*:5557' } }
  for (const given of [port, host, { url: 'http://a:9000' }]) expect(conflictsOf(given, [a])).toEqual([])
  const same = { ...a, name: 'gpu-b' }
  expect(conflictsOf(host, [a, same])).toEqual([])
})

test('what contradicts itself is refused as in the configuration', () => {
  const fetched = { url: 'http://b:8000', kvEvents: { address: 'pull', bind: true } }
  expect(conflictsOf(fetched, [])[0]).toContain('kvEvents.bind: expected nothing beside address: pull, found bind; ')
  const rank = { url: 'http://b:8000', ranks: 2, headers: { 'x-data-parallel-rank': '1' } }
  expect(conflictsOf(rank, [])[0]).toContain('ranks: expected all ranks of the address or one of them')
})
