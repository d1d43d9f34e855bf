import type { RunningEngine } from '../start-engine-server.ts'

/** POSTs JSON; a body of nothing sends none. */
export function post(
  engine: RunningEngine,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Response> {
  return fetch(engine.url + path, {
    method: 'POST',
    headers,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
}

/** The JSON that a GET answers; fails unless the status is 200. */
export async function getJson(engine: RunningEngine, path: string): Promise<unknown> {
  const response = await fetch(engine.url + path)
  if (response.status !== 200) throw new Error(`GET ${path}: status ${response.status}: ${await response.text()}`)
  return await response.json()
}

/** Conversations of several turns, some of which share what they begin with; rejected ones are left out. */
export async function chatBurst(
  engine: RunningEngine,
  { requests = 40, from = 0, headers = {}, more = {} }: BurstOptions = {},
): Promise<void> {
  await Promise.allSettled(
    Array.from({ length: requests }, async (_, at) => {
      const number = from + at
      const system = { role: 'system', content: `You are assistant ${number % 4}. ${'Be brief. '.repeat(30)}` }
      const user = { role: 'user', content: `Question ${number % 11}: ${'why '.repeat(10 + (number % 7) * 12)}` }
      const body = { messages: [system, user], max_tokens: 5 + (number % 5) * 20, stream: number % 2 === 0, ...more }
      await (await post(engine, '/v1/chat/completions', body, headers)).text()
    }),
  )
}

interface BurstOptions {
  readonly requests?: number
  /** Number of the first one; the same number is the same request. */
  readonly from?: number
  readonly headers?: Record<string, string>
  /** Members of every body. */
  readonly more?: object
}
