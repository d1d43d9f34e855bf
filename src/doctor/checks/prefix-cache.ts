import { setTimeout as sleep } from 'node:timers/promises'
import { engineTable } from '../../signals/metrics/engine-tables.ts'
import { askRoutes, readingOf } from '../ask-routes.ts'
import type { Check, Subject } from '../check.ts'
import { sameRank } from '../endpoint-facts.ts'
import { describeError } from '../describe-error.ts'
import { problem } from '../finding.ts'
import { generateStream, type Generate } from '../generate.ts'
import { judgePrefixCache, type HitCounters, type PromptPair, type SentPrompt } from '../judge-prefix-cache.ts'
import { probeBytes, probePrompt } from '../probe-prompt.ts'

const TOKENS = 2
/** Pairs to compare by time where the engine reports no cached tokens. */
const PAIRS = 3
/** How long the counters of an engine may take to take a request in, in ms. */
const COUNTERS_MS = 1500

/** Whether a prompt that was sent before is found in the cache: the same long prompt twice. */
export const prefixCacheCheck: Check = {
  id: 'prefix-cache',
  title: 'prefix cache',
  async run(subject) {
    const { generatingRoute: route, askModel: model } = subject.facts
    if (route === undefined || model === undefined) return { findings: [] }
    try {
      const before = await countersOf(subject)
      const pairs = [await sendTwice(subject, { route, model, maxTokens: TOKENS }, 0)]
      const counters = before === undefined ? undefined : await countersAfter(subject, before, pairs)
      const told = pairs.some(({ again }) => (again.cachedTokens ?? 0) > 0) || (counters?.hits ?? 0) > 0
      for (let pair = 1; pair < PAIRS && !told; pair++) {
        pairs.push(await sendTwice(subject, { route, model, maxTokens: TOKENS }, pair))
      }
      return judgePrefixCache(subject.facts, pairs, counters)
    } catch (error) {
      const advice = 'look at the log of the engine; a busy one may need more time (--timeout)'
      return { findings: [problem('prefix-cache.failed', `trying it failed: ${describeError(error)}`, advice)] }
    }
  },
}

async function sendTwice(subject: Subject, request: Omit<Generate, 'prompt'>, number: number): Promise<PromptPair> {
  const { facts, options } = subject
  const bytes = probeBytes(facts.blockSize, facts.contextTokens)
  const prompt = probePrompt(`${options.nonce}-${number}`, bytes)
  const headers = sameRank(facts)
  const first = await send(subject, { ...request, prompt, headers })
  return { first, again: await send(subject, { ...request, prompt, headers }) }
}

async function send({ http }: Subject, request: Generate): Promise<SentPrompt> {
  const { http: answer, usage, firstMs } = await generateStream(http, request)
  if (answer.status !== 200) throw new Error(`status ${answer.status} for a prompt of ${request.prompt.length} bytes`)
  return { promptTokens: usage?.promptTokens, cachedTokens: usage?.cachedTokens, firstMs }
}

/** The engine's counters of its prefix cache; undefined where it has none. */
async function countersOf({ http, facts }: Subject): Promise<HitCounters | undefined> {
  const table = engineTable(facts.engine ?? 'openai')
  const { prefixCacheHitTokens: hits, prefixCacheQueriedTokens: queried } = readingOf(
    await askRoutes(http, table),
    table,
  )
  return hits === undefined || queried === undefined ? undefined : { hits, queried }
}

/** By how much the counters have grown, once they have taken these prompts in or had the time to. */
async function countersAfter(
  subject: Subject,
  before: HitCounters,
  pairs: readonly PromptPair[],
): Promise<HitCounters | undefined> {
  const sent = pairs.reduce((sum, { first, again }) => sum + (first.promptTokens ?? 0) + (again.promptTokens ?? 0), 0)
  const until = performance.now() + COUNTERS_MS
  for (;;) {
    const now = await countersOf(subject)
    if (now === undefined) return undefined
    const grown = { hits: now.hits - before.hits, queried: now.queried - before.queried }
    if (grown.queried >= sent || performance.now() > until) return grown.queried <= 0 ? undefined : grown
    await sleep(100)
  }
}
