import { engineTable } from '../../signals/metrics/engine-tables.ts'
import type { Check, CheckResult, Subject } from '../check.ts'
import { describeError } from '../describe-error.ts'
import { adviceFor } from '../engine-advice.ts'
import { sameRank, type EndpointFacts } from '../endpoint-facts.ts'
import { note, problem, type Finding } from '../finding.ts'
import { askReplay, followEvents, type HeardEvents } from '../follow-events.ts'
import { generatePlain } from '../generate.ts'
import { describeEvents, describeReplay } from '../judge-kv-events.ts'
import { isPulled, type KvEventSource, tcpTarget } from '../kv-event-source.ts'
import { probeBytes, probePrompt } from '../probe-prompt.ts'
import { tcpFault } from '../tcp-open.ts'

/** Engines that can publish. */
const PUBLISHERS = new Set(['vllm', 'sglang', 'tensorrt-llm'])
/** Seconds to wait at most for a connection and for events: a prompt is answered by then. */
const PATIENCE = 5

/** Whether KV events are published, arrive, can be read and asked for again. */
export const kvEventsCheck: Check = {
  id: 'kv-events',
  title: 'KV events',
  async run(subject) {
    const source = sourceOf(subject)
    if (source === undefined) return { findings: describeNoSource(subject.facts) }
    const from = { kvEventSource: source }
    if (isPulled(source)) {
      if (subject.options.readOnly) return { findings: [notFetched()], facts: from }
      const fetched = await follow(subject, source)
      return { ...fetched, facts: { ...fetched.facts, ...from } }
    }
    const target = tcpTarget(source.address)
    if (target === undefined && source.address.startsWith('tcp:')) {
      const advice = 'give --kv-events as tcp://HOST:PORT, or tcp://*:PORT for the host of the URL'
      return { findings: [problem('kv-events.address', `${source.address} cannot be dialled`, advice)], facts: from }
    }
    const fault = target && (await tcpFault(target.host, target.port, PATIENCE))
    if (fault !== undefined) {
      const advice = adviceFor(subject.facts.engine).kvEvents ?? 'check the address; is the port open to this machine?'
      const found = `${source.address} (${source.from}): ${fault}`
      return { findings: [problem('kv-events.unreachable', found, advice)], facts: from }
    }
    try {
      const followed = await follow(subject, source)
      return { ...followed, facts: { ...followed.facts, ...from } }
    } catch (error) {
      const advice = 'give --kv-events as tcp://HOST:PORT'
      const found = `${source.address}: ${describeError(error)}`
      return { findings: [problem('kv-events.address', found, advice)], facts: from }
    }
  },
}

/** What the operator says counts before what the engine says. */
function sourceOf({ kvEvents, facts }: Subject): KvEventSource | undefined {
  if (kvEvents === undefined) return facts.kvEventSource
  return {
    address: kvEvents.address,
    replay: kvEvents.replay ?? facts.kvEventSource?.replay,
    from: '--kv-events',
  }
}

/** What it means that no address is known. */
export function describeNoSource({ engine, kvEventsConfigured }: EndpointFacts): Finding[] {
  if (engine === undefined || !PUBLISHERS.has(engine)) {
    const title = engine === undefined || engine === 'openai' ? 'this engine' : engineTable(engine).title
    return [note('kv-events.none', `${title} publishes none that the router knows: it predicts what is cached`)]
  }
  const advice = adviceFor(engine).kvEvents
  if (kvEventsConfigured === false) {
    return [note('kv-events.off', 'not published: the router predicts what is cached', advice)]
  }
  const configured =
    kvEventsConfigured === true
      ? 'published, but the engine does not tell where'
      : 'not looked at: the engine does not tell whether and where it publishes'
  const fetched =
    engine === 'tensorrt-llm' ? ', or have them fetched with --kv-events pull (no router gets those then)' : ''
  const give = `give their address with --kv-events tcp://*:5557${fetched}`
  return [
    note('kv-events.unknown', configured, kvEventsConfigured === true ? give : `${give}; if it has none, ${advice}`),
  ]
}

function notFetched(): Finding {
  const text = 'not fetched: that takes them away from a router that fetches them'
  return note('kv-events.not-fetched', text, 'leave --read-only away')
}

async function follow(subject: Subject, source: KvEventSource): Promise<CheckResult> {
  const { http, facts, options } = subject
  const { generatingRoute: route, askModel: model } = facts
  const prompt = probePrompt(`${options.nonce}-events`, probeBytes(facts.blockSize, facts.contextTokens))
  const send =
    route === undefined || model === undefined
      ? undefined
      : async (): Promise<void> => {
          const request = { route, model, prompt, maxTokens: 2, headers: sameRank(facts) }
          const { http: answer } = await generatePlain(http, request)
          if (answer.status !== 200) throw new Error(`status ${answer.status}`)
        }
  const timeout = Math.min(PATIENCE, options.timeout)
  const { engine, blockSize } = facts
  const { headers } = options
  const { address } = source
  const heard = await followEvents({ address, url: subject.url, headers, blockSize, engine, timeout, prompt: send })
  const findings = describeEvents(facts, source, heard, send !== undefined)
  if (heard.connected && heard.problems.length === 0 && !isPulled(source)) {
    findings.push(await tryReplay(subject, source, heard, timeout))
  }
  const { firstStored } = heard
  return {
    findings,
    facts: {
      kvEventsArrive: heard.batches > 0,
      blockSize: facts.blockSize ?? firstStored?.blockSize,
      ...(firstStored?.parentHash === undefined ? { firstBlockHash: firstStored?.blockHashes[0]?.toString(16) } : {}),
    },
  }
}

async function tryReplay(
  { facts }: Subject,
  source: KvEventSource,
  heard: HeardEvents,
  timeout: number,
): Promise<Finding> {
  if (source.replay === undefined) return describeReplay(facts, source, heard, undefined)
  const target = tcpTarget(source.replay)
  const fault = target && (await tcpFault(target.host, target.port, timeout))
  if (fault === undefined) return describeReplay(facts, source, heard, await askReplay(source.replay, timeout))
  return describeReplay(facts, source, heard, { end: { found: fault }, messages: 0, first: undefined })
}
