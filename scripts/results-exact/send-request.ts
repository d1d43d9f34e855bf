import type { Pool } from 'undici'
import { createAnswerReader } from '../../src/bench/answer-reader.ts'
import type { RequestResult } from './request-result.ts'

type Headers = Readonly<Record<string, string | string[] | undefined>>

/** A request, and when it is sent: in seconds since the first one. */
interface Sending {
  readonly path: string
  readonly body: string
  readonly sent: number
}

/** Sends a request and reads its streamed answer to the end; what goes wrong is in the result. */
export async function sendRequest(pool: Pool, { path, body, sent }: Sending): Promise<RequestResult> {
  const reader = createAnswerReader(() => performance.now(), false)
  let status = 0
  let headers: Headers = {}
  let problem = ''
  try {
    const answer = await pool.request({
      method: 'POST',
      path,
      headers: { 'content-type': 'application/json' },
      body,
    })
    status = answer.statusCode
    headers = answer.headers
    if (status === 200) for await (const chunk of answer.body) reader.feed(Buffer.from(chunk))
    else problem = (await answer.body.text()).slice(0, 200)
  } catch (error) {
    problem = error instanceof Error ? error.message : String(error)
  }
  const { usage, finished, problem: inStream } = reader.answer
  if (inStream !== undefined) problem = inStream.message
  else if (problem === '' && !finished) problem = 'the stream ended early'
  return {
    sent,
    status,
    complete: problem === '',
    problem,
    endpoint: String(headers['x-kvasir-endpoint'] ?? ''),
    matched: Number(headers['x-kvasir-matched-tokens'] ?? 0),
    cached: usage?.cachedTokens ?? 0,
    prompt: usage?.promptTokens ?? 0,
  }
}
