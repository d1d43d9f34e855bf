import { expect, test } from 'vitest'
import { describeNoSource } from './kv-events.ts'

test('without an address it is told whether events are known to be off, on, or nothing is known', () => {
  const [off] = describeNoSource({ engine: 'vllm', kvEventsConfigured: false })
  expect(off).toMatchObject({ code: 'kv-events.off', advice: expect.stringContaining('"enable_kv_cache_events":true') })
  const [on] = describeNoSource({ engine: 'sglang', kvEventsConfigured: true })
  expect(on).toMatchObject({ code: 'kv-events.unknown', text: 'published, but the engine does not tell where' })
  const [unknown] = describeNoSource({ engine: 'tensorrt-llm' })
  expect(unknown?.text).toBe('not looked at: the engine does not tell whether and where it publishes')
  expect(unknown?.advice).toContain('kvEvents.address: pull')
  const [none] = describeNoSource({ engine: 'llama-cpp' })
  expect(none).toMatchObject({ code: 'kv-events.none', text: expect.stringMatching(/^llama\.cpp publishes none/) })
})
