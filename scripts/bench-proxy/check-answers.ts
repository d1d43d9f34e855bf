import { createHash } from 'node:crypto'
import { request } from 'undici'
import { ASK } from './answers.ts'
import type { Load } from './load.ts'

interface Answer {
  readonly status: number
  readonly type: string
  readonly digest: string
  readonly body: Buffer
}

/**
 * Asks the upstream itself and each relay, and compares: the same status and type, the same bytes as answer, and the
 * request's bytes as they were sent. Throws where anything differs.
 */
export async function checkAnswers(load: Load, upstream: string, relays: readonly string[]): Promise<void> {
  const [prompt] = load.prompts
  if (prompt === undefined) throw new Error('expected at least one prompt, found none')
  const direct = await ask(upstream, load, prompt.bytes)
  const sent = createHash('sha256').update(prompt.bytes).digest('hex')
  expectEqual(upstream, 'length of the answer', load.answerBytes, direct.body.length)
  for (const url of relays) {
    const relayed = await ask(url, load, prompt.bytes)
    expectEqual(url, 'status', direct.status, relayed.status)
    expectEqual(url, 'content type', direct.type, relayed.type)
    expectEqual(url, 'digest of the request that the upstream received', sent, relayed.digest)
    if (!relayed.body.equals(direct.body)) throw new Error(`${url}: the answer differs from the upstream's own`)
  }
}

async function ask(url: string, load: Load, body: Buffer): Promise<Answer> {
  const headers = [...load.headers, ASK.digest, '1']
  const answer = await request(`${url}/v1/chat/completions`, { method: 'POST', headers, body })
  return {
    status: answer.statusCode,
    type: String(answer.headers['content-type']),
    digest: String(answer.headers[ASK.digest]),
    body: Buffer.from(await answer.body.arrayBuffer()),
  }
}

function expectEqual(url: string, what: string, expected: string | number, found: string | number): void {
  if (found !== expected) throw new Error(`${url}: expected ${what} ${expected}, found ${found}`)
}
