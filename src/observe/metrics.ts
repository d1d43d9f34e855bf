import type { Decision } from '../core/decision.ts'
import type { EndpointState } from '../core/endpoint-state.ts'
import type { Fleet } from '../core/fleet.ts'
import type { RequestRecord } from '../core/request-record.ts'
import { Distribution, MetricFamily, Tally } from './metric-family.ts'

/** Seconds, for waits from below a millisecond to minutes. */
const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 60, 150, 300]
/** Seconds per output token. */
const PER_TOKEN = [0.001, 0.0025, 0.005, 0.01, 0.015, 0.02, 0.03, 0.05, 0.075, 0.1, 0.25, 0.5, 1]

const PLACE = ['model', 'endpoint', 'policy'] as const

/** What is counted for each request of one model, endpoint and policy. */
interface Bound {
  readonly decisions: Map<string, Tally>
  readonly requests: Map<string, Tally>
  readonly ttft: Distribution
  readonly tpot: Distribution
  readonly e2e: Distribution
  readonly queue: Distribution
  readonly prompt: Tally
  readonly matched: Tally
  readonly cached: Tally
  readonly output: Tally
  readonly predicted: Tally
  readonly reported: Tally
  readonly missing: Tally
  readonly surplus: Tally
}

/** What is known of an endpoint's KV events. */
export interface KvEventState {
  readonly trust: { readonly exact: boolean; readonly reason: string }
  /** Messages by what became of them; undefined before there is a subscription. */
  readonly counts: Readonly<Record<(typeof EVENT_COUNTS)[number], number>> | undefined
}

const EVENT_COUNTS = ['delivered', 'garbage', 'undecodable', 'duplicates', 'losses', 'restarts', 'replays'] as const

/**
 * Everything the router exports under `/metrics`. Label sets are closed: models are those of pools, endpoints those that
 * are configured, reasons and outcomes come from fixed lists; nothing a client sends becomes a label.
 */
export class Metrics {
  readonly contentType = 'text/plain; version=0.0.4; charset=utf-8'
  readonly #families: MetricFamily<Tally | Distribution>[] = []
  readonly #bound = new Map<string, Bound>()
  #last: { readonly decision: Decision; readonly bound: Bound } | undefined
  readonly #fleet: Fleet
  readonly #eventsOf: (endpoint: EndpointState) => KvEventState | undefined
  readonly #requests = this.#counter('requests_total', 'Requests ended', ['route', ...PLACE, 'status'])
  readonly #decisions = this.#counter('decisions_total', 'Decisions taken', [...PLACE, 'reason'])
  readonly #retries = this.#counter('retries_total', 'Attempts given up for another endpoint', [
    'model',
    'endpoint',
    'reason',
  ])
  readonly #errors = this.#counter('errors_total', 'Answers with an error of the router itself', ['route', 'code'])
  readonly #policyErrors = this.#counter('policy_errors_total', 'Exceptions thrown by policies', ['policy'])
  readonly #ttft = this.#histogram('ttft_seconds', 'Arrival to first content token relayed', SECONDS)
  readonly #tpot = this.#histogram('tpot_seconds', 'Mean time per output token after the first', PER_TOKEN)
  readonly #e2e = this.#histogram('e2e_seconds', 'Arrival to end of answer', SECONDS)
  readonly #queue = this.#histogram('queue_seconds', 'Arrival to first dispatch', SECONDS)
  readonly #prompt = this.#counter('prompt_tokens_total', 'Prompt tokens, as the engine reports them', PLACE)
  readonly #matched = this.#counter('matched_tokens_total', 'Prompt tokens predicted to be cached', PLACE)
  readonly #cached = this.#counter('cached_tokens_total', 'Prompt tokens the engine reports as cached', PLACE)
  readonly #output = this.#counter('output_tokens_total', 'Tokens answered', PLACE)
  readonly #predicted = this.#counter(
    'reuse_predicted_tokens_total',
    'Prompt tokens predicted to be cached, of answers whose engine reported what was, in its own tokens',
    PLACE,
  )
  readonly #reported = this.#counter(
    'reuse_reported_tokens_total',
    'What the engine reported of the same answers',
    PLACE,
  )
  readonly #missing = this.#counter('reuse_missing_tokens_total', 'Tokens predicted and not found, per answer', PLACE)
  readonly #surplus = this.#counter('reuse_surplus_tokens_total', 'Tokens found and not predicted, per answer', PLACE)

  /**
   * @param fleet Source of the gauges, read when the page is asked for.
   * @param eventsOf The state of an endpoint's KV events; undefined when it has none.
   */
  constructor(fleet: Fleet, eventsOf: (endpoint: EndpointState) => KvEventState | undefined = () => undefined) {
    this.#fleet = fleet
    this.#eventsOf = eventsOf
  }

  decided(decision: Decision): void {
    const { reason } = decision
    const { decisions } = this.#boundTo(decision)
    let tally = decisions.get(reason)
    if (tally === undefined) {
      tally = this.#decisions.at(decision.model, decision.endpoint, decision.policy.type, reason)
      decisions.set(reason, tally)
    }
    tally.add()
  }

  retried(decision: Decision, reason: string): void {
    this.#retries.at(decision.model, decision.endpoint, reason).add()
  }

  policyError(policy: string): void {
    this.#policyErrors.at(policy).add()
  }

  ended(record: RequestRecord): void {
    const { decision } = record
    const status = `${Math.floor(record.status / 100)}xx`
    if (decision === undefined) this.#requests.at(record.route, record.model ?? '', '', '', status).add()
    else this.#measure(record, decision, status)
    if (record.error !== undefined) this.#errors.at(record.route, record.error).add()
  }

  /** An endpoint is gone: its series end. */
  forgetEndpoint(id: string): void {
    this.#last = undefined
    for (const family of this.#families) family.remove('endpoint', id)
    for (const key of this.#bound.keys()) if (key.split('\n')[1] === id) this.#bound.delete(key)
  }

  /** The page that Prometheus reads. */
  text(): string {
    const gauges = [
      this.#gauge('endpoint_ready', 'Endpoint takes requests (1) or not (0)', (e) => Number(e.eligible)),
      this.#gauge('endpoint_in_flight', 'Requests in flight', (e) => e.signals.inFlight),
      this.#gauge('endpoint_queued_tokens', 'Prompt tokens still to be computed', (e) => e.prefill.tokens),
      this.#gauge('endpoint_kv_fill', 'Share of the KV capacity filled with known blocks', (e) => e.signals.kvFill),
      this.#gauge('endpoint_engine_waiting', "Requests in the engine's queue", (e) => e.signals.engineWaiting),
      this.#gauge('endpoint_engine_running', "Requests in the engine's batch", (e) => e.signals.engineRunning),
      this.#gauge('endpoint_engine_kv_usage', 'Share of the KV cache in use', (e) => e.signals.engineKvUsage),
      this.#gauge('endpoint_foreign_requests', 'Requests that others sent', (e) => e.signals.foreignRequests),
      this.#gauge('endpoint_asleep', 'Engine sleeps (1) or not (0)', (e) => Number(e.asleep)),
      this.#prefixModes(),
      this.#eventCounts(),
    ]
    return [...this.#families, ...gauges].map((family) => family.text()).join('\n')
  }

  #prefixModes(): MetricFamily<Tally> {
    const labels = ['endpoint', 'mode', 'reason']
    const family = gaugeFamily('endpoint_prefix_mode', 'How blocks are known: from KV events or predicted', labels)
    for (const endpoint of this.#fleet.endpoints) {
      const { exact, reason } = this.#eventsOf(endpoint)?.trust ?? { exact: false, reason: 'no-events' }
      family.at(endpoint.id, exact ? 'exact' : 'predicted', reason).value = 1
    }
    return family
  }

  #eventCounts(): MetricFamily<Tally> {
    const name = 'kvasir_kv_event_messages_total'
    const family = new MetricFamily('counter', name, 'KV event messages', ['endpoint', 'kind'], () => new Tally())
    for (const endpoint of this.#fleet.endpoints) {
      const counts = this.#eventsOf(endpoint)?.counts
      if (counts === undefined) continue
      for (const kind of EVENT_COUNTS) family.at(endpoint.id, kind).value = counts[kind]
    }
    return family
  }

  #measure(record: RequestRecord, decision: Decision, status: string): void {
    const { outcome } = record
    const bound = this.#boundTo(decision)
    this.#tallyOf(bound, record, decision, status).add()
    if (record.queueSeconds !== undefined) bound.queue.observe(record.queueSeconds)
    bound.matched.add(decision.matchedTokens)
    if (outcome === undefined || outcome.kind !== 'finished') return
    bound.e2e.observe(record.e2e)
    if (record.ttft !== undefined) bound.ttft.observe(record.ttft)
    const { outputTokens, ttft, e2e, usage } = outcome
    if (record.streamed && ttft !== undefined && outputTokens > 1) bound.tpot.observe((e2e - ttft) / (outputTokens - 1))
    if (outputTokens > 0) bound.output.add(outputTokens)
    if (usage?.promptTokens !== undefined) bound.prompt.add(usage.promptTokens)
    if (usage?.cachedTokens !== undefined) bound.cached.add(usage.cachedTokens)
    if (record.reuse === undefined) return
    const { predictedTokens, reportedTokens } = record.reuse
    bound.predicted.add(predictedTokens)
    bound.reported.add(reportedTokens)
    bound.missing.add(Math.max(0, predictedTokens - reportedTokens))
    bound.surplus.add(Math.max(0, reportedTokens - predictedTokens))
  }

  #tallyOf({ requests }: Bound, record: RequestRecord, decision: Decision, status: string): Tally {
    const key = record.route + status
    let tally = requests.get(key)
    if (tally === undefined) {
      tally = this.#requests.at(record.route, decision.model, decision.endpoint, decision.policy.type, status)
      requests.set(key, tally)
    }
    return tally
  }

  /** A request's decision and end mostly follow each other, so the last one is often asked for again. */
  #boundTo(decision: Decision): Bound {
    if (this.#last?.decision !== decision) this.#last = { decision, bound: this.#bind(decision) }
    return this.#last.bound
  }

  #bind({ model, endpoint, policy: { type } }: Decision): Bound {
    const key = `${model}\n${endpoint}\n${type}`
    const known = this.#bound.get(key)
    if (known !== undefined) return known
    const bound: Bound = {
      decisions: new Map(),
      requests: new Map(),
      ttft: this.#ttft.at(model, endpoint, type),
      tpot: this.#tpot.at(model, endpoint, type),
      e2e: this.#e2e.at(model, endpoint, type),
      queue: this.#queue.at(model, endpoint, type),
      prompt: this.#prompt.at(model, endpoint, type),
      matched: this.#matched.at(model, endpoint, type),
      cached: this.#cached.at(model, endpoint, type),
      output: this.#output.at(model, endpoint, type),
      predicted: this.#predicted.at(model, endpoint, type),
      reported: this.#reported.at(model, endpoint, type),
      missing: this.#missing.at(model, endpoint, type),
      surplus: this.#surplus.at(model, endpoint, type),
    }
    this.#bound.set(key, bound)
    return bound
  }

  #counter(name: string, help: string, labelNames: readonly string[]): MetricFamily<Tally> {
    const family = new MetricFamily('counter', `kvasir_${name}`, help, labelNames, () => new Tally())
    this.#families.push(family)
    return family
  }

  #histogram(name: string, help: string, bounds: readonly number[]): MetricFamily<Distribution> {
    const family = new MetricFamily('histogram', `kvasir_${name}`, help, PLACE, () => new Distribution(bounds))
    this.#families.push(family)
    return family
  }

  /** A gauge of each endpoint, left out where it is unknown. */
  #gauge(name: string, help: string, read: (endpoint: EndpointState) => number | undefined): MetricFamily<Tally> {
    const family = gaugeFamily(name, help, ['endpoint'])
    for (const endpoint of this.#fleet.endpoints) {
      const value = read(endpoint)
      if (value !== undefined) family.at(endpoint.id).value = value
    }
    return family
  }
}

function gaugeFamily(name: string, help: string, labelNames: readonly string[]): MetricFamily<Tally> {
  return new MetricFamily('gauge', `kvasir_${name}`, help, labelNames, () => new Tally())
}
