import type { BlockHash } from '../signals/kv-events/block-hash.ts'
import { Adapters } from './adapters.ts'
import { createChance } from './chance.ts'
import type { EngineContext } from './engine-context.ts'
import type { EngineOptions } from './engine-options.ts'
import { engineOptions } from './engine-options.ts'
import { EngineRank } from './engine-rank.ts'
import type { Faults } from './faults.ts'
import { HttpListener } from './http-listener.ts'
import type { KvEventSource } from './kv/event-outlet.ts'
import { EventOutlet } from './kv/event-outlet.ts'
import { PromptWriter } from './prompt-writer.ts'
import { createRequestHandler } from './request-handler.ts'
import { loadEngineTokenizer } from './tokens/engine-tokenizer.ts'

/** A simulated engine that listens. */
export interface RunningEngine extends AsyncDisposable {
  readonly url: string
  readonly port: number
  /** Where each rank publishes its KV events; empty without them. */
  readonly kvEventSources: readonly KvEventSource[]
  /** The published hash of every findable block of a rank, once for each copy; undefined without KV events. */
  cachedHashes(rank?: number): BlockHash[] | undefined
  /** Drops all connections and stops; resolves when the ports are free. */
  close(): Promise<void>
}

/** Requests that llama.cpp's server takes on one connection. */
const LLAMA_REQUESTS = 100

/**
 * Starts a simulated engine behind the HTTP interface of its flavour. Whatever is left out of the options has a default.
 * Rejects when it cannot listen or publish, or when its tokenizer cannot be loaded.
 */
export async function startEngineServer(given: Partial<EngineOptions> = {}): Promise<RunningEngine> {
  const options = engineOptions(given)
  await using started = new AsyncDisposableStack()
  const tokenizer = options.tokenizer === undefined ? undefined : await loadEngineTokenizer(options.tokenizer)
  if (tokenizer !== undefined) started.use(tokenizer)
  let context: EngineContext | undefined
  const ranks = await startRanks(options, started, () => context?.faults ?? options.faults)
  let listener: HttpListener | undefined
  context = {
    options,
    contextTokens: Math.min(options.maxModelLen, ranks[0]?.model.capacityTokens ?? 0),
    ranks,
    adapters: new Adapters(options.loras),
    tokenizer,
    chance: createChance(options.seed),
    writer: new PromptWriter(),
    adapterSeries: new Map(),
    faults: options.faults,
    restart: () => restart(ranks),
    crash: (downSeconds) => crash(options, ranks, listener, downSeconds),
  }
  const requestsPerConnection = options.flavor === 'llama.cpp' ? LLAMA_REQUESTS : undefined
  listener = started.use(await HttpListener.start({ ...options, requestsPerConnection }, createRequestHandler(context)))
  return running(listener, ranks, started.move())
}

function running(
  { url, port }: HttpListener,
  ranks: readonly EngineRank[],
  started: AsyncDisposableStack,
): RunningEngine {
  return {
    url,
    port,
    get kvEventSources() {
      return ranks.flatMap(({ outlet }) => outlet?.source ?? [])
    },
    cachedHashes: (rank = 0) => ranks[rank]?.cachedHashes(),
    close: () => started.disposeAsync(),
    [Symbol.asyncDispose]: () => started.disposeAsync(),
  }
}

async function startRanks(
  options: EngineOptions,
  started: AsyncDisposableStack,
  faults: () => Faults,
): Promise<readonly EngineRank[]> {
  const { kvEvents, host, seed, dataParallelSize } = options
  const ranks: EngineRank[] = []
  for (let index = 0; index < dataParallelSize; index++) {
    const chance = createChance(seed + 1 + index)
    const outlet =
      kvEvents === undefined
        ? undefined
        : started.use(
            await EventOutlet.start({ events: kvEvents, host, rank: index, ranks: dataParallelSize, chance, faults }),
          )
    const rank = new EngineRank(options, index, outlet)
    started.defer(() => rank.driver.close())
    ranks.push(rank)
  }
  return ranks
}

/** The sockets are closed before anything new can be published, and whoever listened has to connect again. */
async function restart(ranks: readonly EngineRank[]): Promise<void> {
  const reopened = reopen(ranks)
  for (const rank of ranks) rank.restart()
  await reopened
}

async function reopen(ranks: readonly EngineRank[]): Promise<void> {
  await Promise.all(ranks.map(async ({ outlet }) => await outlet?.reopen()))
}

async function crash(
  { onCrash }: EngineOptions,
  ranks: readonly EngineRank[],
  listener: HttpListener | undefined,
  downSeconds: number | undefined,
): Promise<void> {
  for (const rank of ranks) rank.restart()
  await Promise.all([listener?.stop(), ...ranks.map(({ outlet }) => outlet?.[Symbol.asyncDispose]())])
  if (downSeconds === undefined) {
    onCrash?.()
    return
  }
  await listener?.pause(downSeconds)
  if (listener?.closed === true) return
  await reopen(ranks)
  await listener?.listen()
}
