import { Distribution, MetricFamily, Tally } from './metric-family.ts'

/** Seconds, from what is remembered to what misses every deadline. */
const SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1]

/** Whether an endpoint's tokens are those that the router makes for a model. */
export interface TokenAgreement {
  readonly endpoint: string
  readonly model: string
  readonly exact: boolean
  readonly reason: string
}

/** What the router exports about its tokenizers. Models and results come from closed sets. */
export class TokenMetrics {
  readonly #agreements: () => Iterable<TokenAgreement>
  readonly #prompts = new MetricFamily(
    'counter',
    'kvasir_tokenized_prompts_total',
    'Prompts whose tokens were sought, by what came of it',
    ['model', 'result'],
    () => new Tally(),
  )
  readonly #seconds = new MetricFamily(
    'histogram',
    'kvasir_tokenize_seconds',
    'Time requests waited for the tokens of their prompts',
    ['model'],
    () => new Distribution(SECONDS),
  )

  constructor(agreements: () => Iterable<TokenAgreement>) {
    this.#agreements = agreements
  }

  sought(model: string, result: string, seconds: number): void {
    this.#prompts.at(model, result).add()
    this.#seconds.at(model).observe(seconds)
  }

  text(): string {
    const family = new MetricFamily(
      'gauge',
      'kvasir_endpoint_tokens',
      "Whether tokens made here are the engine's (exact=true) or prompts are matched by their bytes",
      ['endpoint', 'model', 'exact', 'reason'],
      () => new Tally(),
    )
    for (const { endpoint, model, exact, reason } of this.#agreements()) {
      family.at(endpoint, model, String(exact), reason).value = 1
    }
    return [this.#prompts, this.#seconds, family].map((one) => one.text()).join('\n')
  }
}
