import { formatCount } from '../../report/format-number.ts'
import type { Check } from '../check.ts'
import { adviceFor } from '../engine-advice.ts'
import { readEngineConfig, type EngineConfig } from '../engine-config.ts'
import type { EndpointFacts } from '../endpoint-facts.ts'
import { note, ok, problem, type Finding } from '../finding.ts'

/** What is known of the KV cache without trying it: size, blocks, configuration. */
export const cacheCheck: Check = {
  id: 'cache',
  title: 'KV cache',
  async run(subject) {
    const { devMode, ...config } = await readEngineConfig(subject)
    return { findings: describeCache(subject.facts, { devMode, ...config }), facts: config }
  },
}

/** What size and configuration of the cache mean. */
export function describeCache(facts: EndpointFacts, config: EngineConfig): Finding[] {
  const { engine } = facts
  const findings = [sizeFinding(facts)]
  if (config.prefixCaching === true) {
    const algorithm = config.hashAlgorithm === undefined ? '' : `, blocks named by ${config.hashAlgorithm}`
    findings.push(ok('cache.prefix-configured', `prefix caching is configured${algorithm}`))
  }
  if (config.prefixCaching === false) {
    const advice = adviceFor(engine).prefixCaching ?? 'switch it on in the engine'
    findings.push(problem('cache.prefix-off', 'prefix caching is switched off in its configuration', advice))
  }
  if (config.devMode === true) {
    const text = 'its developer routes are open: whoever reaches it can clear the cache or put it to sleep'
    findings.push(note('cache.dev-mode', text, 'unset VLLM_SERVER_DEV_MODE unless you need them'))
  }
  return findings
}

function sizeFinding({ engine, blockSize, kvCapacityTokens, maxRunning, ranks = 1 }: EndpointFacts): Finding {
  const slots = engine === 'llama-cpp' && maxRunning !== undefined ? ` in ${maxRunning} slots` : ''
  const blocks =
    blockSize !== undefined
      ? `blocks of ${blockSize} tokens`
      : engine === 'llama-cpp'
        ? 'no blocks: llama.cpp reuses single tokens'
        : undefined
  const all = ranks > 1 ? ` over ${ranks} ranks` : ''
  const capacity =
    kvCapacityTokens === undefined ? undefined : `room for ${formatCount(kvCapacityTokens)} tokens${all}${slots}`
  if (capacity !== undefined) return ok('cache.size', [capacity, blocks].filter(Boolean).join(', '))
  const advice = 'give the endpoint its kvTokens in the configuration, or the profile of its GPU'
  return note('cache.size-unknown', `${blocks === undefined ? '' : `${blocks}, `}capacity not told`, advice)
}
