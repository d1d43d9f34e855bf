import { formatCount } from '../report/format-number.ts'
import type { EndpointReport } from './examine-endpoint.ts'
import { note, problem, type Finding } from './finding.ts'

type Fact<T> = (report: EndpointReport) => T | undefined

/** What differs between endpoints that serve the same model, and what that does to routing. Pure. */
export function compareEndpoints(reports: readonly EndpointReport[]): Finding[] {
  const groups = modelGroups(reports)
  const findings: Finding[] = []
  if (groups.size > 1) {
    const pools = [...groups].map(([model, members]) => `${model} (${members.length})`)
    const text = `${groups.size} models, each a pool of its own: ${pools.join(', ')}`
    findings.push(note('compare.models', text, 'requests are routed among the endpoints of their model only'))
  }
  for (const [model, members] of groups) if (members.length > 1) findings.push(...compareGroup(model, members))
  return findings
}

/** The endpoints by each model they serve. */
function modelGroups(reports: readonly EndpointReport[]): Map<string, EndpointReport[]> {
  const groups = new Map<string, EndpointReport[]>()
  for (const report of reports) {
    for (const model of report.facts.models ?? []) {
      groups.set(model, [...(groups.get(model) ?? []), report])
    }
  }
  return groups
}

function compareGroup(model: string, members: readonly EndpointReport[]): Finding[] {
  const named = (code: string, what: string, fact: Fact<string | number>, advice: string, grave = false): Finding[] => {
    const told = differing(members, fact)
    if (told === undefined) return []
    const text = `${model}: different ${what}: ${told}`
    return [grave ? problem(code, text, advice) : note(code, text, advice)]
  }
  const count = (of: (facts: EndpointReport['facts']) => number | undefined): Fact<string> => {
    return ({ facts }) => (of(facts) === undefined ? undefined : formatCount(of(facts) ?? 0))
  }
  return [
    ...tokenFindings(model, members),
    ...named(
      'compare.context',
      'context lengths',
      count(({ contextTokens }) => contextTokens),
      'give all the same (vLLM: --max-model-len): a prompt that is too long for one is refused only there',
      true,
    ),
    ...named(
      'compare.prefix-caching',
      'prefix caching',
      ({ facts }) => (facts.prefixCaching === undefined ? undefined : facts.prefixCaching ? 'on' : 'off'),
      'switch it on everywhere: the router takes what it has sent for cached',
      true,
    ),
    ...named('compare.engine', 'engines', ({ facts }) => facts.engine, 'works; they count and cut prompts differently'),
    ...versionFindings(model, members),
    ...named(
      'compare.block-size',
      'block sizes',
      ({ facts }) => facts.blockSize,
      'works, each is matched in its own; with a shared KV store give all the same (vLLM: --block-size)',
    ),
    ...named(
      'compare.capacity',
      'KV capacities',
      count(({ kvCapacityTokens }) => kvCapacityTokens),
      'works: the router fills each by its own; check that no other process holds memory of the smaller ones',
    ),
    ...hashFindings(model, members),
    ...adapterFindings(model, members),
  ]
}

/** Different tokens for the same text: another tokenizer or another chat template. */
function tokenFindings(model: string, members: readonly EndpointReport[]): Finding[] {
  const sameEngine = differing(members, ({ facts }) => facts.engine) === undefined
  const ids = sameEngine ? differing(members, ({ facts }) => facts.tokenFingerprint) : undefined
  const counts = differing(members, ({ facts }) => facts.promptTokens)
  if (ids === undefined && counts === undefined) return []
  const told = ids === undefined ? `prompt tokens of one small chat: ${counts}` : `fingerprints of one text: ${ids}`
  const advice = 'serve the same model files and chat template everywhere: as it is, answers depend on the route'
  return [problem('compare.tokens', `${model}: different tokens for the same text; ${told}`, advice)]
}

function versionFindings(model: string, members: readonly EndpointReport[]): Finding[] {
  const told = differingByEngine(members, ({ facts }) => facts.version)
  if (told === undefined) return []
  const advice = 'bring all to one version: names of blocks, templates and metrics change between them'
  return [note('compare.version', `${model}: different versions: ${told}`, advice)]
}

/** Only where tokens and sizes are the same must the same block have the same name. */
function hashFindings(model: string, members: readonly EndpointReport[]): Finding[] {
  const told = differingByEngine(members, ({ facts }) => facts.firstBlockHash)
  const tokens = differing(members, ({ facts }) => facts.tokenFingerprint)
  const sizes = differing(members, ({ facts }) => facts.blockSize)
  if (told === undefined || tokens !== undefined || sizes !== undefined) return []
  const advice =
    'the router is not disturbed, it goes by tokens; a shared KV store is: give all the same PYTHONHASHSEED and ' +
    '--prefix-caching-hash-algo'
  return [note('compare.hash', `${model}: different names for the same block: ${told}`, advice)]
}

function adapterFindings(model: string, members: readonly EndpointReport[]): Finding[] {
  const told = differing(members, ({ facts }) => [...(facts.adapters ?? [])].sort().join(' ') || 'none')
  if (told === undefined) return []
  return [note('compare.adapters', `${model}: different adapters: ${told}`, 'a request for one goes where it is')]
}

/** The values that differ among those of one engine. */
function differingByEngine(members: readonly EndpointReport[], fact: Fact<string | number>): string | undefined {
  const engines = Map.groupBy(members, ({ facts }) => facts.engine)
  const told = [...engines.values()].map((same) => differing(same, fact)).filter((part) => part !== undefined)
  return told.length === 0 ? undefined : told.join('; ')
}

/** The values with who has them, when those that are known differ. */
function differing(members: readonly EndpointReport[], fact: Fact<string | number>): string | undefined {
  const holders = new Map<string | number, string[]>()
  for (const member of members) {
    const value = fact(member)
    if (value !== undefined) holders.set(value, [...(holders.get(value) ?? []), new URL(member.url).host])
  }
  if (holders.size < 2) return undefined
  return [...holders].map(([value, urls]) => `${value} (${urls.join(', ')})`).join(', ')
}
