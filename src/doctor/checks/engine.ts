import { detectEngine, type Detection } from '../../signals/detect-engine.ts'
import type { EngineName } from '../../signals/metrics/engine-table.ts'
import { engineTable } from '../../signals/metrics/engine-tables.ts'
import { askRoutes, readingOf } from '../ask-routes.ts'
import type { Check } from '../check.ts'
import { note, ok, problem, type Finding } from '../finding.ts'

/** Which engine answers and what it says about itself. */
export const engineCheck: Check = {
  id: 'engine',
  title: 'engine',
  async run({ http }) {
    const detection = await detectEngine((path) => http.call({ path }))
    const table = engineTable(detection.engine)
    const routes = await askRoutes(http, table)
    const reading = readingOf(routes, table)
    const { version, blockSize, kvCapacityTokens, maxRunning, maxModelLen, asleep, perRank } = reading
    return {
      findings: describeEngine(detection, version, asleep, perRank?.length),
      facts: {
        engine: detection.engine,
        version,
        blockSize,
        kvCapacityTokens,
        maxRunning,
        contextTokens: maxModelLen,
        ranks: perRank?.length,
        routes,
      },
    }
  },
}

/** What the engine's kind and state mean. */
export function describeEngine(
  { engine, because }: Detection,
  version: string | undefined,
  asleep: boolean | undefined,
  ranks: number | undefined,
): Finding[] {
  const { title } = engineTable(engine)
  const findings: Finding[] = []
  if (engine === 'openai') {
    const advice =
      'if it is one of the engines in docs/engines.md, let the URL lead to it and not to something before it'
    findings.push(note('engine.unknown', 'no sign of an engine that is known', advice))
  } else {
    findings.push(ok('engine.found', `${title} ${version ?? 'of unknown version'} (${because})`))
  }
  if (asleep === true) {
    const advice = 'wake it (vLLM: POST /wake_up; llama.cpp: with a request, or start it without --sleep-idle-seconds)'
    findings.push(problem('engine.asleep', 'the engine sleeps: its memory is given up', advice))
  }
  if (ranks !== undefined && ranks > 1) {
    findings.push(describeRanks(engine, ranks))
  }
  return findings
}

/** What several data-parallel ranks behind one address mean: whether the router can choose among them. */
function describeRanks(engine: EngineName, ranks: number): Finding {
  if (engine === 'vllm' || engine === 'sglang') {
    const found = `${ranks} data-parallel ranks share this address: the router takes each as an endpoint of its own`
    const advice = `with endpoints[].ranks: auto, the default, or ${ranks}; it must not be 1`
    return note('engine.ranks', found, advice)
  }
  const advice = 'where the engine allows it, give each rank a port of its own and the router a URL for each'
  return note('engine.ranks', `${ranks} data-parallel ranks share this address; it picks one itself`, advice)
}
