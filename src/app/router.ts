import { AdminServer } from '../admin/admin-server.ts'
import type { Config } from '../config/config.ts'
import type { EndpointState } from '../core/endpoint-state.ts'
import { ANY_MODEL, Fleet } from '../core/fleet.ts'
import type { RequestObserver } from '../core/request-record.ts'
import { Scheduler } from '../core/scheduler.ts'
import { BodyBuffers } from '../gateway/body-buffers.ts'
import type { GatewayContext } from '../gateway/gateway-context.ts'
import { GatewayServer } from '../gateway/gateway-server.ts'
import { HealthMonitor } from '../gateway/health-monitor.ts'
import { ModelCatalog } from '../gateway/model-catalog.ts'
import { DecisionLog } from '../observe/decision-log.ts'
import { Metrics } from '../observe/metrics.ts'
import type { ProgramLog } from '../observe/program-log.ts'
import type { TokenMetrics } from '../observe/token-metrics.ts'
import { BlockHasher } from '../prefix/block-hasher.ts'
import { CombinedIndex } from '../prefix/combined-index.ts'
import { LOAD_HEADER, LOAD_REQUEST_HEADER } from '../signals/load-header.ts'
import { createAdminActions } from './admin-actions.ts'
import { createPolicy } from './create-policy.ts'
import { createTokens } from './create-tokens.ts'
import type { DecisionRecorder } from './decision-recorder.ts'
import { type EndpointPlan, endpointPlan } from './endpoint-plan.ts'
import { EndpointRegistry } from './endpoint-registry.ts'
import { EndpointSignals } from './endpoint-signals.ts'
import { gatewaySettings } from './gateway-settings.ts'
import type { PluginLists } from './load-plugins.ts'
import type { TokensOfPrompts } from './tokens-of-prompts.ts'
import { unreadableAnswers } from './unreadable-answers.ts'

export interface RouterParts {
  readonly config: Config
  readonly plugins: PluginLists
  readonly log: Omit<ProgramLog, 'flush'>
  /** Endpoints beside those of the configuration, e.g. simulated engines; a reload leaves them alone. */
  readonly extraEndpoints: readonly EndpointPlan[]
  /** Writes the decision log, where one is asked for; whoever opened it closes it. */
  readonly recorder?: DecisionRecorder | undefined
}

/** Where a running router can be reached, as base URLs. */
export interface RouterAddresses {
  readonly gateway: string
  readonly admin: string
}

/** The whole router: one scheduling core, the gateway in front of it, the admin listener beside it. */
export class Router {
  #config: Config
  readonly #plugins: PluginLists
  readonly #log: Omit<ProgramLog, 'flush'>
  readonly #recorder: DecisionRecorder | undefined
  readonly #index: CombinedIndex
  readonly #fleet: Fleet
  readonly #signals: EndpointSignals
  readonly #registry: EndpointRegistry
  readonly #tokens: TokensOfPrompts
  readonly #metrics: Metrics
  readonly #decisions = new DecisionLog()
  readonly #context: GatewayContext
  readonly #gateway: GatewayServer
  readonly #admin: AdminServer

  constructor({ config, plugins, log, extraEndpoints, recorder }: RouterParts) {
    this.#config = config
    this.#plugins = plugins
    this.#log = log
    this.#recorder = recorder
    this.#index = new CombinedIndex({
      clock,
      predicted: { maxBytes: config.prefix.maxBytes },
      exact: { maxBytes: config.prefix.reportedBytes },
    })
    this.#fleet = new Fleet({
      index: this.#index,
      policyFor: (model, base) => createPolicy(this.#config, plugins, { model, base }, Math.random),
      bytesPerToken: config.prefix.bytesPerToken,
      forget: (endpoint) => this.#signals.returned(endpoint),
    })
    const catalog = new ModelCatalog()
    this.#signals = new EndpointSignals({
      fleet: this.#fleet,
      index: this.#index,
      logger: log.logger,
      clock,
      adapterOf: (model) => (this.#fleet.baseOf(model) === undefined ? undefined : model),
      engineFound: (endpoint) => this.#tokens.restarted(endpoint),
      ranksTold: (endpoint, count, engine) => this.#registry.ranksTold(endpoint, count, engine),
    })
    const { tokens, tokenMetrics } = createTokens({ ...log, fleet: this.#fleet, signals: this.#signals, clock })
    this.#tokens = tokens
    this.#metrics = new Metrics(this.#fleet, (endpoint) => this.#signals.feedOf(endpoint))
    const health = new HealthMonitor(this.#fleet, catalog, { changed: this.#healthChanged.bind(this) }, clock)
    this.#registry = new EndpointRegistry({
      fleet: this.#fleet,
      health,
      signals: this.#signals,
      logger: log.logger,
      gone: (id) => this.#metrics.forgetEndpoint(id),
    })
    this.#context = this.#createContext(health)
    this.#gateway = new GatewayServer(this.#context, catalog, { ...config.listen, headerLimit: config.limits.headers })
    this.#admin = new AdminServer(this.#adminActions(tokenMetrics), { ...config.admin, bodyLimit: config.limits.body })
    this.#fleet.setAliases(aliasesOf(config))
    this.#fleet.setAdapters(adaptersOf(config))
    this.#tokens.apply(config.pools)
    for (const plan of extraEndpoints) this.#registry.add(plan, true)
    this.#registry.apply(config.endpoints.map((endpoint) => endpointPlan(config, endpoint)))
  }

  /**
   * Opens both listeners. Rejects with a message that says which one failed, and closes the other; or why a tokenizer that
   * must be there is not.
   */
  async start(): Promise<RouterAddresses> {
    const { admin, listen } = this.#config
    try {
      await this.#tokens.ready()
      const adminUrl = await this.#admin.listen().catch(explainListen('admin', '--admin-port', admin))
      const address = await this.#gateway.listen().catch(explainListen('gateway', '--port', listen))
      return { gateway: baseUrl(listen.host, address.port), admin: adminUrl }
    } catch (error) {
      await this.#admin.close()
      this.#closeAll()
      throw error
    }
  }

  /** Resolves when every endpoint is ready, or after `seconds`; tells how many are. */
  async settled(seconds: number): Promise<number> {
    const until = clock() + seconds
    const ready = (): number => this.#fleet.endpoints.filter((endpoint) => endpoint.ready).length
    while (ready() < this.#fleet.endpoints.length && clock() < until) {
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    return ready()
  }

  /** Endpoints there are now: ranks behind one address count each. */
  get endpointCount(): number {
    return this.#fleet.endpoints.length
  }

  /** Models that can be asked for now. */
  models(): readonly string[] {
    return this.#fleet.readyModels()
  }

  /**
   * Takes over a new configuration without touching a running request. Listeners, plugin files and the index budget
   * stay as they were started; the names of such changed keys are returned.
   */
  reload(config: Config): string[] {
    const before = this.#config
    const samePolicies = policyKeys(before) === policyKeys(config)
    // A policy that cannot be created throws here, before anything has changed.
    const models = [ANY_MODEL, ...config.pools.map(({ model }) => model)]
    if (!samePolicies) for (const model of models) createPolicy(config, this.#plugins, { model }, Math.random)
    this.#config = config
    this.#context.settings = gatewaySettings(config)
    this.#fleet.setAliases(aliasesOf(config))
    this.#fleet.setAdapters(adaptersOf(config))
    if (!samePolicies) {
      this.#fleet.setPolicies((model, base) => createPolicy(config, this.#plugins, { model, base }, Math.random))
    }
    this.#tokens.apply(config.pools)
    this.#registry.apply(config.endpoints.map((endpoint) => endpointPlan(config, endpoint)))
    const fixed = ['listen', 'admin', 'plugins', 'log', 'prefix'] as const
    return fixed.filter((key) => JSON.stringify(before[key]) !== JSON.stringify(config[key]))
  }

  /** Takes no new requests, lets the running ones finish within the drain time, and closes everything. */
  async stop(): Promise<void> {
    await this.#gateway.drain(this.#config.timeouts.drain)
    await this.#admin.close()
    this.#closeAll()
  }

  #closeAll(): void {
    this.#registry.close()
    this.#tokens[Symbol.dispose]()
  }

  #createContext(health: HealthMonitor): GatewayContext {
    return {
      fleet: this.#fleet,
      scheduler: new Scheduler({
        index: this.#index,
        clock,
        random: Math.random,
        onPolicyError: (policy, error) => this.#policyFailed(policy, error),
      }),
      hasher: new BlockHasher(),
      tokenBlocks: this.#signals.tokenBlocks,
      tokens: this.#tokens,
      observer: this.#observer(),
      buffers: new BodyBuffers(),
      health,
      settings: gatewaySettings(this.#config),
      upstreamOf: (endpoint) => this.#registry.upstreamOf(endpoint),
      engineOf: (endpoint) => this.#signals.engineOf(endpoint),
      rankOf: (endpoint) => this.#signals.rankOf(endpoint),
      loadInAnswers: {
        question: LOAD_REQUEST_HEADER,
        answer: LOAD_HEADER,
        asks: (endpoint) => this.#signals.watchOf(endpoint)?.asksInAnswers(this.#config.usage.load) === true,
        told: (endpoint, header) => this.#signals.watchOf(endpoint)?.answerTold(header),
      },
      reportFault: (request, error) =>
        this.#log.logger.error({ request, err: error }, 'the router failed on a request'),
      clock,
      answerUnreadable: unreadableAnswers(this.#log.logger),
      wallClock: Date.now,
    }
  }

  #observer(): RequestObserver {
    return {
      decided: (decision) => {
        this.#decisions.add(decision)
        this.#metrics.decided(decision)
      },
      retried: (decision, reason) => this.#metrics.retried(decision, reason),
      ended: (record, request) => {
        if (record.decision !== undefined) this.#decisions.settle(record)
        this.#metrics.ended(record)
        this.#log.request(record)
        if (request === undefined) return
        this.#recorder?.ended(record, request)
        if (record.outcome?.kind !== 'finished') return
        const served = record.decision?.endpoint ?? ''
        this.#signals.served(served, request)
        this.#tokens.counted(this.#fleet.endpoint(served), request, record.outcome.usage?.promptTokens)
      },
    }
  }

  #adminActions(tokenMetrics: TokenMetrics) {
    return createAdminActions({
      context: this.#context,
      registry: this.#registry,
      signals: this.#signals,
      tokens: this.#tokens,
      tokenMetrics,
      decisions: this.#decisions,
      metrics: this.#metrics,
      config: () => this.#config,
      draining: () => this.#gateway.draining,
    })
  }

  #healthChanged(endpoint: EndpointState, ready: boolean, why: string): void {
    if (ready) this.#tokens.restarted(endpoint)
    if (ready) this.#signals.watchOf(endpoint)?.ready()
    if (ready) this.#log.logger.info({ endpoint: endpoint.id, why }, 'endpoint ready')
    else this.#log.logger.warn({ endpoint: endpoint.id, why }, 'endpoint not ready')
  }

  #policyFailed(policy: string, error: unknown): void {
    this.#metrics.policyError(policy)
    this.#log.logger.error({ policy, err: error }, 'a policy threw; if it was to rank, all endpoints counted as equal')
  }
}

/** Seconds on a clock that only goes forward. */
function clock(): number {
  return performance.now() / 1000
}

function aliasesOf(config: Config): Map<string, string> {
  return new Map(config.pools.flatMap(({ model, aliases }) => aliases.map((alias) => [alias, model] as const)))
}

function adaptersOf(config: Config): Map<string, string> {
  return new Map(config.pools.flatMap(({ model, adapters }) => adapters.map((adapter) => [adapter, model] as const)))
}

/** What policies are created from. */
function policyKeys({ policy, pools }: Config): string {
  return JSON.stringify([policy, pools.map((pool) => ({ ...pool, tokenizer: undefined }))])
}

function baseUrl(host: string, port: number): string {
  const shown = host === '0.0.0.0' || host === '::' ? 'localhost' : host
  return `http://${shown.includes(':') ? `[${shown}]` : shown}:${port}`
}

/** Turns a failed listen into a message that says which address is meant and what to do. */
function explainListen(name: string, flag: string, { host, port }: { host: string; port: number }) {
  return (error: NodeJS.ErrnoException): never => {
    const reasons: Record<string, string> = {
      EADDRINUSE: `something else listens there; choose another port with ${flag}`,
      EACCES: `this user may not listen there; choose a port above 1023 with ${flag}`,
      EADDRNOTAVAIL: 'this machine does not have that address',
      ENOTFOUND: 'this name is not known',
    }
    const reason = reasons[error.code ?? ''] ?? error.message
    throw new Error(`cannot open the ${name} listener on ${host}:${port}: ${reason}`)
  }
}
