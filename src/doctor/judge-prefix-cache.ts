import { formatCount } from '../report/format-number.ts'
import type { CheckResult } from './check.ts'
import type { EndpointFacts } from './endpoint-facts.ts'
import { adviceFor } from './engine-advice.ts'
import { note, ok, problem, type Finding } from './finding.ts'

/** What came of one prompt. */
export interface SentPrompt {
  readonly promptTokens: number | undefined
  /** As the engine reports it; null where it leaves the field empty. */
  readonly cachedTokens: number | null | undefined
  /** ms to the first content. */
  readonly firstMs: number | undefined
}

/** One prompt, new and sent again. */
export interface PromptPair {
  readonly first: SentPrompt
  readonly again: SentPrompt
}

/** Tokens that the engine looked up in its cache, and those it found. */
export interface HitCounters {
  readonly hits: number
  readonly queried: number
}

/** A prompt that was found should be found nearly whole. */
const MOSTLY = 0.5
/** By time alone: the second must take at most this share of the first, and so much less in ms. */
const FASTER = 0.6
const FASTER_MS = 15

/** What sending prompts twice says about prefix caching, and about the report of it. */
export function judgePrefixCache(
  facts: EndpointFacts,
  pairs: readonly PromptPair[],
  grown: HitCounters | undefined,
): CheckResult {
  const best = pairs.toSorted((a, b) => (b.again.cachedTokens ?? 0) - (a.again.cachedTokens ?? 0))[0]
  if (best === undefined) return { findings: [] }
  const reported = typeof best.again.cachedTokens === 'number'
  const cached = best.again.cachedTokens ?? 0
  const prompt = best.again.promptTokens ?? 0
  const gain = gainOf(best)
  const findings: Finding[] = []
  let on: boolean | undefined
  if (cached > 0) {
    on = true
    const text = `of ${formatCount(prompt)} tokens sent again ${formatCount(cached)} were cached${gain}`
    if (cached >= MOSTLY * prompt) findings.push(ok('prefix-cache.on', text))
    else findings.push(note('prefix-cache.partly', text, 'others may have pushed it out, or blocks are large'))
    findings.push(...foundAtOnce(best.first))
  } else if (grown !== undefined && grown.hits >= MOSTLY * prompt && prompt > 0) {
    on = true
    findings.push(ok('prefix-cache.on', `its counters grew by ${formatCount(grown.hits)} tokens found${gain}`))
  } else if (reported || grown !== undefined) {
    on = false
    findings.push(nothingFound(facts, reported))
  } else {
    // Where it is configured off and nothing is told, times that are too close confirm it.
    on = byTime(pairs) ?? (facts.prefixCaching === false ? false : undefined)
    findings.push(timeFinding(facts, on, timesOf(best)))
  }
  findings.push(...reportFinding(facts, reported, on))
  return { findings, facts: { prefixCaching: on, cachedTokensReported: reported } }
}

/** Small prompts on quick engines take as long either way, by chance longer: beside a hit such times would only confuse. */
function gainOf(pair: PromptPair): string {
  const { firstMs = 0 } = pair.first
  return (pair.again.firstMs ?? 0) < firstMs ? timesOf(pair) : ''
}

function timesOf({ first, again }: PromptPair): string {
  if (first.firstMs === undefined || again.firstMs === undefined) return ''
  return `, first content after ${again.firstMs.toFixed(0)} ms instead of ${first.firstMs.toFixed(0)}`
}

/** A prompt that nobody has sent before cannot be cached, unless somebody shares the cache. */
function foundAtOnce({ cachedTokens, promptTokens = 0 }: SentPrompt): Finding[] {
  if (typeof cachedTokens !== 'number' || cachedTokens < MOSTLY * promptTokens || cachedTokens === 0) return []
  const text = `a new prompt had ${formatCount(cachedTokens)} tokens cached at the first time`
  const advice = 'it shares its cache with another endpoint given here, or two of the URLs lead to the same engine'
  return [note('prefix-cache.shared', text, advice)]
}

function nothingFound({ engine, prefixCaching, blockSize }: EndpointFacts, reported: boolean): Finding {
  const seen = reported ? 'it reports 0 cached tokens' : 'its counters found nothing'
  const text = `the same prompt twice: ${seen} the second time`
  const others = 'or the URL leads to several engines in turn, or its cache is full'
  const switchOn = adviceFor(engine).prefixCaching
  if (prefixCaching === true) {
    const block = blockSize === undefined ? '' : `a block of ${blockSize} tokens is longer than the prompt, `
    return problem('prefix-cache.off', text, `it is configured, so ${block}${others}`)
  }
  return problem('prefix-cache.off', text, `${switchOn ?? 'switch prefix caching on in the engine'}; ${others}`)
}

/** True when every repetition was clearly faster, false when none was, undefined otherwise. */
function byTime(pairs: readonly PromptPair[]): boolean | undefined {
  const faster = pairs.map(({ first, again }) => {
    if (first.firstMs === undefined || again.firstMs === undefined) return undefined
    return again.firstMs < FASTER * first.firstMs && first.firstMs - again.firstMs > FASTER_MS
  })
  if (faster.every((one) => one === true)) return true
  const slowEnough = pairs.every(({ first }) => (first.firstMs ?? 0) > 10 * FASTER_MS)
  return slowEnough && faster.every((one) => one === false) ? false : undefined
}

function timeFinding({ engine }: EndpointFacts, on: boolean | undefined, times: string): Finding {
  if (on === true) return ok('prefix-cache.on', `repeated prompts are answered sooner${times}`)
  if (on === false) {
    const advice = adviceFor(engine).prefixCaching ?? 'switch prefix caching on in the engine'
    return problem('prefix-cache.off', `repeated prompts are not answered sooner${times}`, advice)
  }
  const text = `cannot be told: no cached tokens reported, no counters, and the times are too close${times}`
  return note('prefix-cache.unknown', text)
}

function reportFinding({ engine }: EndpointFacts, reported: boolean, on: boolean | undefined): Finding[] {
  if (reported) return [ok('prefix-cache.reported', 'answers report cached tokens')]
  // vLLM leaves the field empty when nothing was cached, too.
  if (on === false) return []
  const advice = adviceFor(engine).cachedTokens
  const text = 'answers do not report cached tokens: the router cannot correct what it believes'
  return [
    advice === undefined ? note('prefix-cache.unreported', text) : problem('prefix-cache.unreported', text, advice),
  ]
}
