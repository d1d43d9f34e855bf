import { formatCount } from '../report/format-number.ts'
import { adviceFor } from './engine-advice.ts'
import type { EndpointFacts } from './endpoint-facts.ts'
import { note, ok, problem, type Finding } from './finding.ts'
import type { HeardEvents, HeardReplay } from './follow-events.ts'
import { PULL_PATH } from '../signals/kv-events/pull-events.ts'
import { isPulled, type KvEventSource } from './kv-event-source.ts'

const CHECK_PULLED =
  'set kv_cache_config.event_buffer_max_size above 0 and enable_block_reuse; nothing else may fetch its events meanwhile'
const CHECK_FLAGS = 'check that the engine runs with KV events and prefix caching on, and that the port is its own'

/** What was heard of an engine's KV events means; `sent` tells whether a prompt was sent to make it publish. */
export function describeEvents(
  facts: EndpointFacts,
  source: KvEventSource,
  heard: HeardEvents,
  sent: boolean,
): Finding[] {
  if (isPulled(source)) return describePulled(facts, source, heard, sent)
  const { address, from } = source
  const flags = adviceFor(facts.engine).kvEvents
  const advice = flags === undefined ? CHECK_FLAGS : `${CHECK_FLAGS}: ${flags}`
  const [found] = heard.problems
  if (found !== undefined && heard.batches === 0) {
    return [problem('kv-events.garbage', `${address} (${from}): ${found}`, advice)]
  }
  if (!heard.connected) {
    const text = `${address} (${from}) accepts connections, but it is no ZeroMQ publisher`
    return [problem('kv-events.not-zeromq', text, advice)]
  }
  if (heard.promptFailed !== undefined) {
    const text = `connected to ${address}; the prompt that should bring events failed: ${heard.promptFailed}`
    return [note('kv-events.no-prompt', text)]
  }
  if (heard.batches === 0) return [nothingHeard(facts, address, sent, advice)]
  return [arrived(address, heard, facts.ranks), ...blockFindings(facts, heard), ...leftOut(heard)]
}

function describePulled(facts: EndpointFacts, { from }: KvEventSource, heard: HeardEvents, sent: boolean): Finding[] {
  const address = `POST ${PULL_PATH}`
  const [found = 'no answer in time'] = heard.problems
  if (heard.batches === 0 && (heard.problems.length > 0 || !heard.connected)) {
    return [problem('kv-events.not-handed-out', `${address} (${from}): ${found}`, CHECK_PULLED)]
  }
  if (heard.promptFailed !== undefined) {
    const text = `${address} answers; the prompt that should bring events failed: ${heard.promptFailed}`
    return [note('kv-events.no-prompt', text)]
  }
  if (heard.batches === 0) return [nothingHeard(facts, address, sent, CHECK_PULLED)]
  const rest = [...blockFindings(facts, heard), ...leftOut(heard)]
  const missed = rest.length > 0 ? [] : heard.problems.map((text) => problem('kv-events.missed', text, CHECK_PULLED))
  return [arrived(address, heard, facts.ranks), ...rest, ...missed.slice(0, 1)]
}

function nothingHeard(
  { prefixCaching, blockSize }: EndpointFacts,
  address: string,
  sent: boolean,
  advice: string,
): Finding {
  if (!sent) {
    const text = `connected to ${address}, nothing heard; no prompt was sent to bring events`
    return note('kv-events.quiet', text, 'leave --read-only away')
  }
  if (prefixCaching === false) {
    const text = `connected to ${address}, but no event came for a new prompt`
    return problem('kv-events.silent', text, 'switch prefix caching on: without it nothing is published')
  }
  const block = blockSize === undefined ? '' : ` (a block has ${blockSize} tokens)`
  return problem('kv-events.silent', `connected to ${address}, but no event came for a new prompt${block}`, advice)
}

function arrived(address: string, { stored, removed, afterMs, firstStored }: HeardEvents, ranks = 1): Finding {
  const rank = ranks > 1 ? ` (rank 0 of ${ranks}; the others are at the ports behind it)` : ''
  const after = afterMs === undefined ? '' : `, the first ${afterMs.toFixed(0)} ms after a prompt was sent`
  const gone = removed === 0 ? '' : ` and ${formatCount(removed)} removed`
  const size = firstStored === undefined ? '' : ` of ${firstStored.blockSize} tokens`
  return ok('kv-events.arrive', `${address}: ${formatCount(stored)} blocks${size} stored${gone}${after}${rank}`)
}

function blockFindings({ blockSize }: EndpointFacts, { firstStored }: HeardEvents): Finding[] {
  if (firstStored === undefined) {
    const text = 'the stored blocks do not name their tokens: they cannot be matched with prompts'
    return [problem('kv-events.no-tokens', text, 'update the engine; offloading connectors may publish such events')]
  }
  if (blockSize === undefined || blockSize === firstStored.blockSize) return []
  const text = `events have blocks of ${firstStored.blockSize} tokens, the metrics page says ${blockSize}`
  return [
    note('kv-events.block-size', text, 'the router goes by the events; a KV store beside the engine may have its own'),
  ]
}

function leftOut({ garbage, undecodable, skipped, problems }: HeardEvents): Finding[] {
  const count = garbage + undecodable + skipped
  if (count === 0) return []
  const text = `${formatCount(count)} messages or events could not be read: ${problems[0] ?? 'of an unknown form'}`
  return [
    problem('kv-events.unreadable', text, 'check that nothing else publishes there, and tell us about the engine'),
  ]
}

/** What the replay socket answered means; undefined where there is none to ask. */
export function describeReplay(
  { engine }: EndpointFacts,
  { replay }: KvEventSource,
  heard: HeardEvents,
  answer: HeardReplay | undefined,
): Finding {
  const advice = adviceFor(engine).replay ?? 'give its address with --kv-events-replay'
  if (answer === undefined) {
    const text = 'no replay: a message lost on the way makes the router forget what the endpoint holds'
    return note('kv-events.no-replay', text, advice)
  }
  const { end, messages, first } = answer
  if (end === 'complete' && (messages > 0 || heard.batches === 0)) {
    const text = `replay at ${replay}: ${formatCount(messages)} messages, from number ${first ?? 0} on`
    return ok('kv-events.replay', first !== undefined && first > 0 ? `${text}; older ones are gone` : text)
  }
  const why =
    end === 'complete'
      ? 'it has no messages, though some were published'
      : typeof end === 'object'
        ? end.found
        : `no end of the answer in time (${formatCount(messages)} messages)`
  return problem('kv-events.replay', `replay at ${replay}: ${why}`, `check its port; ${advice}`)
}
