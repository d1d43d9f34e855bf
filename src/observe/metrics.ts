import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { Decision } from '../core/decision.ts'
import type { Fleet } from '../core/fleet.ts'
import type { RequestRecord } from '../core/request-record.ts'

/** Seconds, for waits from below a millisecond to minutes. */
const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 60, 150, 300]
/** Seconds per output token. */
const PER_TOKEN = [0.001, 0.0025, 0.005, 0.01, 0.015, 0.02, 0.03, 0.05, 0.075, 0.1, 0.25, 0.5, 1]

const STATUS_CLASS: readonly (string | undefined)[] = [undefined, '1xx', '2xx', '3xx', '4xx', '5xx']

const PLACE = ['model', 'endpoint', 'policy'] as const
type Place = (typeof PLACE)[number]

/** A counter or histogram with whatever labels. */
interface Family {
  get(): Promise<{
    readonly values: readonly { readonly labels: Readonly<Record<string, string | number | undefined>> }[]
  }>
  remove(labels: Readonly<Record<string, string | number | undefined>>): void
}

/** What is counted per model, endpoint and policy, with its labels bound once. */
interface Bound {
  readonly ttft: Histogram.Internal<Place>
  readonly tpot: Histogram.Internal<Place>
  readonly e2e: Histogram.Internal<Place>
  readonly queue: Histogram.Internal<Place>
  readonly prompt: Counter.Internal
  readonly matched: Counter.Internal
  readonly cached: Counter.Internal
  readonly output: Counter.Internal
  /** Requests by route and class of status, decisions by reason: bound when they first occur. */
  readonly requests: Map<string, Counter.Internal>
  readonly decisions: Map<string, Counter.Internal>
}

/**
 * Everything the router exports under `/metrics`. Label sets are closed: models are those of pools, endpoints those that
 * are configured, reasons and outcomes come from fixed lists; nothing a client sends becomes a label.
 */
export class Metrics {
  readonly registry = new Registry()
  readonly #bound = new Map<string, Bound>()
  readonly #undecided = new Map<string, Counter.Internal>()
  /** What was bound last: a request's decision and end mostly follow each other. */
  #last: (Pick<Decision, 'model' | 'endpoint' | 'policy'> & { readonly bound: Bound }) | undefined
  readonly #families: Family[] = []
  readonly #requests = this.#counter('requests_total', 'Requests ended', [
    'route',
    'model',
    'endpoint',
    'policy',
    'status',
  ])
  readonly #decisions = this.#counter('decisions_total', 'Decisions taken', ['model', 'endpoint', 'policy', 'reason'])
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

  /** @param fleet Source of the gauges, read when the page is asked for. */
  constructor(fleet: Fleet) {
    this.#gauge('endpoint_ready', 'Endpoint takes requests (1) or not (0)', fleet, (e) => Number(e.eligible))
    this.#gauge('endpoint_in_flight', 'Requests in flight', fleet, (e) => e.signals.inFlight)
    this.#gauge('endpoint_queued_tokens', 'Prompt tokens still to be computed', fleet, (e) => e.prefill.tokens)
    this.#gauge('endpoint_kv_fill', 'Share of the KV capacity filled with known blocks', fleet, (e) => e.signals.kvFill)
  }

  decided(decision: Decision): void {
    const { decisions } = this.#boundTo(decision)
    let counter = decisions.get(decision.reason)
    if (counter === undefined) {
      const { model, endpoint, policy, reason } = decision
      counter = this.#decisions.labels({ model, endpoint, policy: policy.type, reason })
      decisions.set(reason, counter)
    }
    counter.inc()
  }

  retried(decision: Decision, reason: string): void {
    this.#retries.inc({ model: decision.model, endpoint: decision.endpoint, reason })
  }

  policyError(policy: string): void {
    this.#policyErrors.inc({ policy })
  }

  ended(record: RequestRecord): void {
    const { decision } = record
    const requests = decision === undefined ? this.#undecided : this.#boundTo(decision).requests
    const status = STATUS_CLASS[Math.floor(record.status / 100)] ?? 'other'
    const key = `${record.route} ${status} ${decision === undefined ? (record.model ?? '') : ''}`
    let counter = requests.get(key)
    if (counter === undefined) {
      const { route, model = '' } = record
      const place = { endpoint: decision?.endpoint ?? '', policy: decision?.policy.type ?? '' }
      counter = this.#requests.labels({ route, model, ...place, status })
      requests.set(key, counter)
    }
    counter.inc()
    if (record.error !== undefined) this.#errors.inc({ route: record.route, code: record.error })
    if (decision !== undefined) this.#measure(record, decision)
  }

  /** An endpoint is gone: its series end. */
  async forgetEndpoint(id: string): Promise<void> {
    for (const metric of this.#families) {
      const { values } = await metric.get()
      for (const { labels } of values) {
        const { le: _, ...series } = { le: undefined, ...labels }
        if (labels['endpoint'] === id) metric.remove(series)
      }
    }
    this.#last = undefined
    for (const key of this.#bound.keys()) if (key.split('\n')[1] === id) this.#bound.delete(key)
  }

  #measure(record: RequestRecord, decision: Decision): void {
    const { outcome } = record
    const bound = this.#boundTo(decision)
    if (record.queueSeconds !== undefined) bound.queue.observe(record.queueSeconds)
    bound.matched.inc(decision.matchedTokens)
    if (outcome === undefined || outcome.kind !== 'finished') return
    bound.e2e.observe(record.e2e)
    if (record.ttft !== undefined) bound.ttft.observe(record.ttft)
    const { outputTokens, ttft, e2e, usage } = outcome
    if (record.streamed && ttft !== undefined && outputTokens > 1) bound.tpot.observe((e2e - ttft) / (outputTokens - 1))
    if (outputTokens > 0) bound.output.inc(outputTokens)
    if (usage?.promptTokens !== undefined) bound.prompt.inc(usage.promptTokens)
    if (usage?.cachedTokens !== undefined) bound.cached.inc(usage.cachedTokens)
  }

  #boundTo(decision: Decision): Bound {
    const { model, endpoint, policy } = decision
    const last = this.#last
    if (last !== undefined && last.model === model && last.endpoint === endpoint && last.policy === policy) {
      return last.bound
    }
    const bound = this.#bind(decision)
    this.#last = { model, endpoint, policy, bound }
    return bound
  }

  #bind({ model, endpoint, policy }: Decision): Bound {
    const key = `${model}\n${endpoint}\n${policy.type}`
    const known = this.#bound.get(key)
    if (known !== undefined) return known
    const place = { model, endpoint, policy: policy.type }
    const bound: Bound = {
      ttft: this.#ttft.labels(place),
      tpot: this.#tpot.labels(place),
      e2e: this.#e2e.labels(place),
      queue: this.#queue.labels(place),
      prompt: this.#prompt.labels(place),
      matched: this.#matched.labels(place),
      cached: this.#cached.labels(place),
      output: this.#output.labels(place),
      requests: new Map(),
      decisions: new Map(),
    }
    this.#bound.set(key, bound)
    return bound
  }

  #counter<Label extends string>(name: string, help: string, labelNames: readonly Label[]): Counter<Label> {
    const counter = new Counter({
      name: `kvasir_${name}`,
      help,
      labelNames: [...labelNames],
      registers: [this.registry],
    })
    this.#families.push(counter)
    return counter
  }

  #histogram(name: string, help: string, buckets: number[]): Histogram<Place> {
    const histogram = new Histogram({
      name: `kvasir_${name}`,
      help,
      labelNames: [...PLACE],
      buckets,
      registers: [this.registry],
    })
    this.#families.push(histogram)
    return histogram
  }

  #gauge(name: string, help: string, fleet: Fleet, read: (endpoint: Fleet['endpoints'][number]) => number): void {
    const gauge: Gauge<'endpoint'> = new Gauge({
      name: `kvasir_${name}`,
      help,
      labelNames: ['endpoint'],
      registers: [this.registry],
      collect() {
        gauge.reset()
        for (const endpoint of fleet.endpoints) gauge.set({ endpoint: endpoint.id }, read(endpoint))
      },
    })
  }
}
