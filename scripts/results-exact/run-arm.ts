import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Pool } from 'undici'
import { z } from 'zod'
import { replay } from '../../src/bench/replay.ts'
import { createTextSynthesizer } from '../../src/workload/synthesize-text.ts'
import type { Workload } from '../../src/workload/workload.ts'
import { endpointViews } from '../../test/testing/endpoint-views.ts'
import { eventually } from '../../test/testing/eventually.ts'
import { metricsPage } from '../../test/testing/metrics-page.ts'
import { type RouterProcess, routerProcess, writeConfig } from '../../test/testing/router-process.ts'
import { EngineProcess } from './engine-process.ts'
import type { ArmResult, RequestResult } from './request-result.ts'
import { tokenBody } from './token-body.ts'
import { sendRequest } from './send-request.ts'
import {
  type ArmName,
  DOWN_SECONDS,
  ENGINES,
  EVENT_DROP,
  KILLED,
  KILLED_AFTER,
  SEED,
  SPEED,
  WARM_UP,
} from './settings.ts'

export interface ArmJob {
  readonly arm: ArmName
  /** Where the router's configuration is put. */
  readonly folder: string
  readonly workload: Workload
}

/** Until the last lines of the router's log and the last events have come. */
const LOG_MS = 1500

const prefixShape = z.object({ prefix: z.object({ mode: z.string(), reason: z.string() }) })
const attemptsShape = z.object({ msg: z.literal('request'), attempts: z.int() })

/** Sends the workload through a fresh router to fresh engines, and puts side by side what both said of each prompt. */
export async function runArm({ arm, folder, workload }: ArmJob): Promise<ArmResult> {
  await using started = new AsyncDisposableStack()
  const engines: EngineProcess[] = []
  for (let index = 0; index < ENGINES; index++) engines.push(started.use(await EngineProcess.start(index)))
  const router = started.use(await startRouter(arm, folder, engines))
  await warmUp(router, arm, workload)
  if (arm === 'faults') await Promise.all(engines.map((engine) => engine.faults({ eventDrop: EVENT_DROP })))
  const requests: RequestResult[] = []
  const victims = arm === 'faults' ? KILLED.flatMap((index) => engines[index] ?? []) : []
  const { lag, killed, back } = await sendAll(router, workload, requests, victims)
  await sleep(LOG_MS)
  return {
    requests: requests.sort((a, b) => a.sent - b.sent),
    ...(killed === undefined ? {} : { killed, back }),
    attempts: countAttempts(router),
    messages: await sumsOf(router, 'kvasir_kv_event_messages_total', 'kind'),
    modes: await modesOf(router.admin),
    lag,
  }
}

async function startRouter(arm: ArmName, folder: string, engines: readonly EngineProcess[]): Promise<RouterProcess> {
  const file = join(folder, `${arm}.yaml`)
  writeConfig(file, {
    health: { interval: '1s' },
    endpoints: engines.map(({ id, url, events }) => ({
      id,
      url,
      ...(arm === 'predicted' ? {} : { kvEvents: events }),
    })),
  })
  const router = await routerProcess(['--config', file])
  await eventually(
    'all endpoints are ready',
    async () => {
      const views = await endpointViews(router.admin)
      if (views.length < ENGINES || views.some(({ ready }) => !ready)) return false
      return true
    },
    60,
  )
  return router
}

/** Compiles the code and fills the tables of all processes with requests that share nothing with those to come. */
async function warmUp({ gateway, admin }: RouterProcess, arm: ArmName, workload: Workload): Promise<void> {
  const text = createTextSynthesizer(SEED + 1)
  await using stack = new AsyncDisposableStack()
  const pool = clientOf(gateway, stack)
  const first = workload.sessions.slice(0, WARM_UP).flatMap(({ requests }) => requests)
  await Promise.all(first.map((request) => sendRequest(pool, tokenBody(request, text), 0)))
  if (arm === 'predicted') return
  await eventually('all endpoints are known by their events', async () => {
    const modes = Object.values(await modesOf(admin))
    return modes.every((mode) => mode.startsWith('exact'))
  })
}

function clientOf(gateway: string, stack: AsyncDisposableStack): Pool {
  const pool = new Pool(gateway, { connections: null, pipelining: 1, headersTimeout: 0, bodyTimeout: 0 })
  stack.defer(() => pool.destroy())
  return pool
}

interface Sending {
  readonly lag: number
  readonly killed?: number
  readonly back?: number
}

async function sendAll(
  { gateway }: RouterProcess,
  workload: Workload,
  results: RequestResult[],
  victims: readonly EngineProcess[],
): Promise<Sending> {
  await using stack = new AsyncDisposableStack()
  const pool = clientOf(gateway, stack)
  const text = createTextSynthesizer(SEED)
  const origin = performance.now()
  const seconds = (): number => (performance.now() - origin) / 1000
  const outage = victims.length === 0 ? undefined : takeOut(victims, lastStart(workload) * KILLED_AFTER, seconds)
  let lag = 0
  const { signal } = new AbortController()
  await replay(workload, { pacing: 'open', concurrency: 1, speed: SPEED, signal }, async (request, due) => {
    lag = Math.max(lag, (performance.now() - due) / 1000)
    const body = tokenBody(request, text)
    results.push(await sendRequest(pool, body, seconds()))
    return undefined
  })
  return { lag, ...(await outage) }
}

/** Seconds until the last request is sent. */
function lastStart({ sessions }: Workload): number {
  return Math.max(...sessions.map(({ start }) => start)) / SPEED
}

/** Kills engines all at once and starts them again after a while, with their events dropped as before. */
async function takeOut(
  engines: readonly EngineProcess[],
  after: number,
  seconds: () => number,
): Promise<{ readonly killed: number; readonly back: number }> {
  await sleep(after * 1000)
  const killed = seconds()
  await Promise.all(engines.map((engine) => engine.kill()))
  await sleep(DOWN_SECONDS * 1000)
  await Promise.all(
    engines.map(async (engine) => {
      await engine.restart()
      await engine.faults({ eventDrop: EVENT_DROP })
    }),
  )
  return { killed, back: seconds() }
}

function countAttempts(router: RouterProcess): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const line of router.log()) {
    const { data } = attemptsShape.safeParse(line)
    if (data !== undefined) counts[data.attempts] = (counts[data.attempts] ?? 0) + 1
  }
  return counts
}

/** A counter's values over all endpoints, by one of its labels. */
async function sumsOf({ admin }: RouterProcess, counter: string, by: string): Promise<Record<string, number>> {
  const { samples } = await metricsPage(admin)
  const sums: Record<string, number> = {}
  for (const { name, labels, value } of samples) {
    const label = labels[by]
    if (name === counter && label !== undefined) sums[label] = (sums[label] ?? 0) + value
  }
  return sums
}

async function modesOf(admin: string): Promise<Record<string, string>> {
  const views = await endpointViews(admin)
  return Object.fromEntries(
    views.map((view) => {
      const { mode, reason } = prefixShape.parse(view).prefix
      return [view.id, `${mode} (${reason})`]
    }),
  )
}
