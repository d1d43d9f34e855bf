import { setFlagsFromString } from 'node:v8'
import type { Config } from '../config/config.ts'
import type { ConfigFlags } from '../config/flags.ts'
import { watchConfig } from '../config/watch.ts'
import type { StepRates } from '../core/rates.ts'
import { profileNamed } from '../engine/profiles.ts'
import { createProgramLog, type ProgramLog } from '../observe/program-log.ts'
import { openDecisionRecorder } from './decision-recorder.ts'
import { DemoFleet, type DemoEngine, type DemoFleetOptions } from './demo-fleet.ts'
import type { EndpointPlan } from './endpoint-plan.ts'
import { programConfig, type ProgramConfig } from './program-config.ts'
import { Router, type RouterAddresses } from './router.ts'

/** Seconds the start waits for endpoints to become ready before it says where it listens. */
const SETTLE = 2

/** Starts the router as a program: reads the configuration, prints where it listens, handles signals. */
export async function startRouter(flags: ConfigFlags, demo: DemoFleetOptions): Promise<void> {
  // Request bodies and socket reads live outside the heap. By default they alone trigger full collections of it, many a
  // second under large prompts; with this they count against the limit of the whole process instead.
  setFlagsFromString('--external-memory-accounted-in-global-limit')
  const source = await programConfig(flags)
  // Watched before it is read: what changes while the router starts is read once it has started.
  const reload = heldBack(() => reloadConfig(router, source, log))
  const watch = source.file === undefined ? undefined : watchConfig(source.file, reload.call)
  const config = source.read()
  const log = createProgramLog(config.log)
  const { decisions } = config.log
  const recorder = decisions === undefined ? undefined : await openDecisionRecorder(decisions, log)
  const fleet =
    config.endpoints.length === 0
      ? await DemoFleet.start(demo, (id) => log.logger.warn({ endpoint: id }, 'a simulated engine has stopped'))
      : undefined
  const extraEndpoints = fleet?.engines.map((engine) => demoPlan(config, engine, demo)) ?? []
  const router = new Router({ config, plugins: source.plugins, log, extraEndpoints, recorder })
  try {
    const addresses = await router.start()
    process.on('SIGHUP', reload.call)
    reload.release()
    const ready = await router.settled(SETTLE)
    printWelcome(addresses, router, ready, router.endpointCount, fleet !== undefined)
  } catch (error) {
    fleet?.stop()
    throw error
  }
  stopOnSignal(router, log, async () => {
    watch?.[Symbol.dispose]()
    fleet?.stop()
    await recorder?.close()
  })
}

/** Holds calls of an action back until `release`, when it is called once if it was called at all. */
function heldBack(action: () => void): { call: () => void; release: () => void } {
  let held = true
  let wanted = false
  return {
    call: () => {
      if (held) wanted = true
      else action()
    },
    release: () => {
      held = false
      if (wanted) action()
    },
  }
}

/** Reads the configuration again; a bad one is reported and changes nothing. */
function reloadConfig(router: Router, source: ProgramConfig, { logger }: ProgramLog): void {
  try {
    const fixed = router.reload(source.read())
    logger.info({}, 'configuration reloaded')
    if (fixed.length > 0) logger.warn({ keys: fixed }, 'these keys take effect at the next start only')
  } catch (error) {
    logger.error(
      { problem: error instanceof Error ? error.message : String(error) },
      'configuration not reloaded; the old one stays in force',
    )
  }
}

function demoPlan(
  config: Config,
  { id, url }: DemoEngine,
  { profile: name, speed, kvTokens }: DemoFleetOptions,
): EndpointPlan {
  const profile = profileNamed(name)
  return {
    address: id,
    ranks: 1,
    settings: {
      id,
      url,
      role: 'both',
      labels: { simulated: 'true' },
      rates: scaled(profile.rates, speed),
      kvTokens: kvTokens ?? profile.kvTokens,
      maxConcurrency: Number.POSITIVE_INFINITY,
    },
    models: undefined,
    health: config.health,
    upstream: {
      connectTimeout: config.timeouts.connect,
      firstByteTimeout: config.timeouts.firstByte,
      idleTimeout: config.timeouts.idle,
      keepAlive: config.timeouts.keepAlive,
      headers: {},
    },
    engine: { engine: 'vllm', polled: true, rank: undefined, learnsKvTokens: false },
    kvEvents: undefined,
  }
}

/** The rates of an engine that runs `speed` times as fast. */
function scaled(rates: StepRates, speed: number): StepRates {
  return {
    prefillBase: rates.prefillBase / speed,
    prefillPerToken: rates.prefillPerToken / speed,
    prefillPerPair: rates.prefillPerPair / speed,
    decodeBase: rates.decodeBase / speed,
    decodePerSequence: rates.decodePerSequence / speed,
    decodePerKvToken: rates.decodePerKvToken / speed,
    overhead: rates.overhead / speed,
  }
}

function printWelcome(
  { gateway, admin }: RouterAddresses,
  router: Router,
  ready: number,
  total: number,
  simulated: boolean,
): void {
  const model = router.models()[0] ?? 'MODEL'
  const body = JSON.stringify({ model, stream: true, max_tokens: 64, messages: [{ role: 'user', content: 'Hello' }] })
  const lines = [
    `Kvasir is ready${simulated ? ' in front of simulated engines (give --endpoint URL for real ones)' : ''}`,
    `  gateway    ${gateway}`,
    `  admin      ${admin}  (/metrics, /api/endpoints, /api/decisions)`,
    `  endpoints  ${ready} of ${total} ready${router.models().length > 0 ? `, models: ${router.models().join(', ')}` : ''}`,
    '',
    'Try it:',
    `  curl -N ${gateway}/v1/chat/completions -H 'content-type: application/json' -d '${body}'`,
    '',
  ]
  process.stdout.write(`${lines.join('\n')}\n`)
}

/** SIGTERM and SIGINT drain; the second one ends the program at once. */
function stopOnSignal(router: Router, log: ProgramLog, cleanUp: () => Promise<void>): void {
  let stopping = false
  const stop = (signal: NodeJS.Signals): void => {
    if (stopping) process.exit(1)
    stopping = true
    log.logger.info({ signal }, 'draining: no new requests, running ones finish')
    void router.stop().finally(async () => {
      await cleanUp()
      log.logger.info({}, 'stopped')
      log.flush()
      process.exit(0)
    })
  }
  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)
}
