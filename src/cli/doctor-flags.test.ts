import { expect, test } from 'vitest'
import { readDoctorFlags } from './doctor-flags.ts'

const A = 'http://10.0.0.7:8000'
const B = 'http://10.0.0.8:8000'

test('one address for all, or one for each', () => {
  const { targets } = readDoctorFlags([A, B], { kvEvents: ['tcp://*:5557'], kvEventsReplay: ['tcp://*:5558'] })
  expect(targets).toEqual([
    { url: A, kvEvents: { address: 'tcp://10.0.0.7:5557', replay: 'tcp://10.0.0.7:5558' } },
    { url: B, kvEvents: { address: 'tcp://10.0.0.8:5557', replay: 'tcp://10.0.0.8:5558' } },
  ])
  const own = readDoctorFlags([A], { kvEvents: ['tcp://events:1'], apiKey: 'k', header: ['X-Team: a b'] })
  expect(own.targets[0]?.kvEvents).toEqual({ address: 'tcp://events:1', replay: undefined })
  expect(own.options.headers).toEqual({ authorization: 'Bearer k', 'x-team': 'a b' })
})

test('events that are fetched come from each URL', () => {
  const { targets } = readDoctorFlags([A, B], { kvEvents: ['pull'] })
  expect(targets.map(({ kvEvents }) => kvEvents)).toEqual(
    Array.from({ length: 2 }, () => ({ address: 'pull', replay: undefined })),
  )
})

test.each([
  [['nonsense'], {}, /expected a URL .* found 'nonsense'/],
  [['10.0.0.7:8000'], {}, /http:\/\/ or https:\/\/ in front/],
  [[`${A}/v1`], {}, /without anything after the port/],
  [[A, `${A}/`], {}, /found http:\/\/10.0.0.7:8000 twice/],
  [[A], { kvEvents: ['5557'] }, /--kv-events: expected an address .* found '5557'/],
  [[A, B], { kvEvents: ['tcp://a:1'] }, /one address for each of the 2 URLs/],
  [['http://a:1', 'http://a:2'], { kvEvents: ['tcp://*:5557'] }, /found tcp:\/\/a:5557 twice/],
  [[A], { kvEventsReplay: ['tcp://a:1'] }, /--kv-events beside it/],
  [[A], { kvEvents: ['pull'], kvEventsReplay: ['tcp://a:1'] }, /expected none beside --kv-events pull/],
  [[A], { kvEvents: ['tcp://a:1'], kvEventsReplay: ['pull'] }, /--kv-events-replay: expected an address/],
  [[A], { timeout: '0' }, /--timeout: expected a number above 0/],
  [[A], { header: ['secret'] }, /--header: expected 'name: value'/],
])('%j with %j is refused with what to do', (urls, flags, message) => {
  expect(() => readDoctorFlags(urls, flags)).toThrow(message)
})
