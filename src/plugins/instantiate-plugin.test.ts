import { expect, test } from 'vitest'
import prefixAffinity from './filters/prefix-affinity.ts'
import { instantiatePlugin, PluginConfigError } from './instantiate-plugin.ts'
import lengthClass from './policies/length-class.ts'
import leastLoaded from './policies/least-loaded.ts'
import queueWork from './scorers/queue-work.ts'
import sessionScorer from './scorers/session.ts'
import { candidates } from './testing/candidate.ts'
import { testServices } from './testing/rank-of.ts'
import { request } from './testing/request.ts'

const services = testServices()

test('creates a working plugin from good options', () => {
  const score = instantiatePlugin(queueWork, { saturationTokens: 10 }, services)
  const [endpoint] = candidates({ queuedTokens: 5 })
  expect(endpoint && score(request(), endpoint, [endpoint])).toBe(0.5)
})

test.each([
  [
    queueWork,
    { saturationTokens: -3 },
    'scorer "queue-work": option saturationTokens: Too small: expected number to be >0, found -3',
  ],
  [queueWork, { saturationTokens: 'x' }, 'scorer "queue-work": option saturationTokens: expected number, found "x"'],
  [queueWork, { saturation: 1 }, 'scorer "queue-work": options: unknown saturation; the plugin takes saturationTokens'],
  [leastLoaded, { by: 1 }, 'policy "least-loaded": options: unknown by; the plugin takes no options'],
  [leastLoaded, 'fast', 'policy "least-loaded": options: expected object, found "fast"'],
  [
    sessionScorer,
    { by: ['path'] },
    'scorer "session": option by[0]: expected one of "header"|"cookie"|"body"|"address", found "path"',
  ],
  [
    lengthClass,
    { classes: [{ upToBytes: 5 }, { endpoints: { size: 'large' } }] },
    'policy "length-class": option classes[0].endpoints: expected object, found nothing; option classes[1].endpoints: unknown size',
  ],
  [
    prefixAffinity,
    { minShare: 2, maxPenaltySeconds: null },
    'filter "prefix-affinity": option minShare: Too big: expected number to be <=1, found 2; option maxPenaltySeconds: expected number, found null',
  ],
])('%#: names the plugin, the option, what was expected and what was found', (plugin, options, message) => {
  const create = () => instantiatePlugin<unknown>(plugin, options, services)
  expect(create).toThrow(PluginConfigError)
  expect(create).toThrow(message)
})
