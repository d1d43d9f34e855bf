import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Pool } from 'undici'
import { z } from 'zod'
import { replay } from '../../src/bench/replay.ts'
import type { Workload } from '../../src/workload/workload.ts'
import { endpointViews } from '../../test/testing/endpoint-views.ts'
import { eventually } from '../../test/testing/eventually.ts'
import { metricsPage } from '../../test/testing/metrics-page.ts'
import { type RouterProcess, routerProcess, writeConfig } from '../../test/testing/router-process.ts'
import { EngineProcess } from './engine-process.ts'
import type { ArmResult, RequestResult } from './request-result.ts'
import type { PromptForm } from './prompt-form.ts'
import { sendRequest } from './send-request.ts'
import {
  type ArmName,
  DEFAULT_DEADLINE,
  DOWN_SECONDS,
  EVENT_DROP,
  KILLED,
  KILLED_AFTER,
  MODEL,
  type Scale,
  SEED,
  WARM_UP,
} from './settings.ts'

export interface ArmJob {
  readonly arm: ArmName
  /** Where the router's configuration is put. */
  readonly folder: string
  readonly workload: Workload
  readonly form: PromptForm
  readonly scale: Scale
}

/** Until the last lines of the router's log and the last events have come. */
const LOG_MS = 1500

const prefixShape = z.object({ prefix: z.object({ mode: z.string(), reason: z.string() }) })
const tokensShape = z.object({ tokens: z.array(z.object({ exact: z.boolean() })) })
const attemptsShape = z.object({ msg: z.literal('request'), attempts: z.int() })

/** Sends the workload through a fresh router to fresh engines, and puts side by side what both said of each prompt. */
export async function runArm(job: ArmJob): Promise<ArmResult> {
  const { arm, workload, form, scale } = job
  await using started = new AsyncDisposableStack()
  const engines: EngineProcess[] = []
  for (let index = 0; index < scale.engines; index++) {
    engines.push(started.use(await EngineProcess.start(index, scale.speed, form.tokenizer)))
  }
  const router = started.use(await startRouter(job, engines))
  await warmUp(router, job)
  if (arm === 'faults') await Promise.all(engines.map((engine) => engine.faults({ eventDrop: EVENT_DROP })))
  const requests: RequestResult[] = []
  const victims = arm === 'faults' ? engines.filter((_, index) => KILLED.includes(index)) : []
  const { lag, killed, back } = await sendAll(router, { workload, form, victims, speed: scale.speed }, requests)
  await sleep(LOG_MS)
  const tokenizing = await metricsPage(router.admin)
  return {
    prompts: form.name,
    speed: scale.speed,
    requests: requests.sort((a, b) => a.sent - b.sent),
    ...(killed === undefined ? {} : { killed, back }),
    attempts: countAttempts(router),
    messages: await sumsOf(router, 'kvasir_kv_event_messages_total', 'kind'),
    tokenized: await sumsOf(router, 'kvasir_tokenized_prompts_total', 'result'),
    deadline: scale.deadline,
    tokenizing: tokenizing.sum('kvasir_tokenize_seconds_sum'),
    soon: tokenizing.sum('kvasir_tokenize_seconds_bucket', { le: String(DEFAULT_DEADLINE) }),
    modes: await modesOf(router.admin),
    lag,
  }
}

async function startRouter(
  { arm, folder, form, scale }: ArmJob,
  engines: readonly EngineProcess[],
): Promise<RouterProcess> {
  const file = join(folder, `${arm}.yaml`)
  const { tokenizer } = form
  const { deadline } = scale
  writeConfig(file, {
    health: { interval: '1s' },
    ...(tokenizer !== undefined && { pools: [{ model: MODEL, tokenizer: { path: tokenizer, deadline } }] }),
    endpoints: engines.map(({ id, url, events }) => ({
      id,
      url,
      ...(arm === 'predicted' ? {} : { kvEvents: events }),
    })),
  })
  const router = await routerProcess(['--config', file])
  const isReady = async (): Promise<boolean> => {
    const views = await endpointViews(router.admin)
    if (views.length < engines.length || views.some(({ ready }) => !ready)) return false
    if (tokenizer === undefined) return true
    return views.every((view) => tokensShape.parse(view).tokens.every(({ exact }) => exact))
  }
  await eventually('all endpoints are ready, and have the same tokens', isReady, 60)
  return router
}

/** Compiles the code and fills the tables of all processes with requests that share nothing with those to come. */
async function warmUp({ gateway, admin }: RouterProcess, { arm, workload, form }: ArmJob): Promise<void> {
  const bodyOf = form.bodies(SEED + 1)
  await using stack = new AsyncDisposableStack()
  const pool = clientOf(gateway, stack)
  const first = workload.sessions.slice(0, WARM_UP).flatMap(({ requests }) => requests)
  await Promise.all(first.map((request) => sendRequest(pool, { path: form.path, body: bodyOf(request), sent: 0 })))
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

/** What is sent, and which engines are killed meanwhile. */
interface Load {
  readonly workload: Workload
  readonly form: PromptForm
  readonly victims: readonly EngineProcess[]
  readonly speed: number
}

interface Sent {
  readonly lag: number
  readonly killed?: number
  readonly back?: number
}

async function sendAll({ gateway }: RouterProcess, load: Load, results: RequestResult[]): Promise<Sent> {
  const { workload, form, victims, speed } = load
  await using stack = new AsyncDisposableStack()
  const pool = clientOf(gateway, stack)
  const bodyOf = form.bodies(SEED)
  const origin = performance.now()
  const seconds = (): number => (performance.now() - origin) / 1000
  const outage =
    victims.length === 0 ? undefined : takeOut(victims, (lastStart(workload) / speed) * KILLED_AFTER, seconds)
  let lag = 0
  const { signal } = new AbortController()
  await replay(workload, { pacing: 'open', concurrency: 1, speed, signal }, async (request, due) => {
    lag = Math.max(lag, (performance.now() - due) / 1000)
    const body = bodyOf(request)
    results.push(await sendRequest(pool, { path: form.path, body, sent: seconds() }))
    return undefined
  })
  return { lag, ...(await outage) }
}

/** Seconds until the last request is sent, as recorded. */
function lastStart({ sessions }: Workload): number {
  return Math.max(...sessions.map(({ start }) => start))
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
