import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { generateWorkload } from '../workload/generate-workload.ts'
import { parseAgentTrace } from '../workload/agent-trace.ts'
import type { Workload, WorkloadRequest } from '../workload/workload.ts'
import { replay } from './replay.ts'
import type { ReplayOptions } from './replay.ts'

interface Sent {
  readonly id: string
  readonly due: number
  readonly start: number
  end: number
  readonly answers: readonly (string | undefined)[]
}

const chat = generateWorkload('chat', { sessions: 6, turns: 2, startJitterMs: 0, turnGapMs: 40 }, 1)

/** Replays with requests that take `ms` each; times are since the start of the replay. */
async function play(workload: Workload, ms: number, options: Partial<ReplayOptions>): Promise<Sent[]> {
  const origin = performance.now()
  const sent: Sent[] = []
  const all = {
    pacing: 'sessions',
    concurrency: 1,
    speed: 1,
    signal: new AbortController().signal,
    ...options,
  } as const
  await replay(workload, all, async (request: WorkloadRequest, due, answers) => {
    const entry: Sent = {
      id: request.id,
      due: due - origin,
      start: performance.now() - origin,
      end: 0,
      answers: [...answers],
    }
    sent.push(entry)
    await sleep(ms)
    entry.end = performance.now() - origin
    return `answer of ${request.id}`
  })
  return sent
}

function mostAtOnce(sent: readonly Sent[]): number {
  return Math.max(...sent.map(({ start }) => sent.filter((other) => other.start <= start && other.end > start).length))
}

const find = (sent: readonly Sent[], id: string): Sent => {
  const found = sent.find((entry) => entry.id === id)
  if (found === undefined) throw new Error(`${id} was not sent`)
  return found
}

test('a turn follows the answer before it after the think time, and gets that answer', async () => {
  const sent = await play(chat, 20, {})
  expect(sent).toHaveLength(12)
  expect(mostAtOnce(sent)).toBe(6)
  for (let s = 0; s < 6; s++) {
    const gap = find(sent, `s${s}:1`).start - find(sent, `s${s}:0`).end
    expect(gap).toBeGreaterThan(38)
    expect(find(sent, `s${s}:1`).answers).toEqual([`answer of s${s}:0`])
  }
})

test('a closed loop never has more sessions open than it may', async () => {
  const sent = await play(chat, 10, { pacing: 'closed', concurrency: 2, speed: 4 })
  expect(sent).toHaveLength(12)
  expect(mostAtOnce(sent)).toBe(2)
  // Session 2 starts when one of the first two has ended.
  const freed = Math.min(find(sent, 's0:1').end, find(sent, 's1:1').end)
  expect(find(sent, 's2:0').start).toBeGreaterThanOrEqual(freed)
})

test('an open loop sends on time whatever is still running, faster by the speed', async () => {
  const calls = [0, 1, 2].map((t) => ({ t, type: 'n', in: 64, out: 1, hash_ids: [t], think_time: 5 }))
  const trace = parseAgentTrace([{ file: 't', text: JSON.stringify({ id: 't', block_size: 64, requests: calls }) }])
  const origin = performance.now()
  const due: number[] = []
  const all = Promise.withResolvers<undefined>()
  const options = { pacing: 'open', concurrency: 1, speed: 20, signal: new AbortController().signal } as const
  // No request ends before the last one has been sent.
  await replay(trace, options, (_request, at) => {
    expect(performance.now()).toBeGreaterThan(at - 2)
    if (due.push(at - origin) === 3) all.resolve(undefined)
    return all.promise
  })
  expect(due.map((at) => Math.round(at - (due[0] ?? 0)))).toEqual([0, 50, 100])
})

test('sub-agents start together and hold up the turn after them', async () => {
  const call = (t: number) => ({ t, type: 'n', in: 64, out: 1, hash_ids: [t], think_time: 0 })
  const requests = [
    call(0),
    { t: 1, type: 'subagent', requests: [call(0), call(1)] },
    { t: 1, type: 'subagent', requests: [call(0)] },
    call(9),
  ]
  const trace = parseAgentTrace([{ file: 't', text: JSON.stringify({ id: 't', block_size: 64, requests }) }])
  const sent = await play(trace, 20, {})
  expect(sent.map((entry) => entry.id)).toEqual(['t:0', 't/a0:0', 't/a1:0', 't/a0:1', 't:1'])
  expect(find(sent, 't:1').start).toBeGreaterThanOrEqual(find(sent, 't/a0:1').end)
})

test('the signal ends the replay: nothing more is sent', async () => {
  const stop = new AbortController()
  setTimeout(() => stop.abort(), 30)
  const sent = await play(chat, 10, { pacing: 'closed', concurrency: 1, signal: stop.signal })
  expect(sent.length).toBeLessThan(4)
})
