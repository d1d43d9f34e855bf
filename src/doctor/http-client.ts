import { Agent as HttpAgent, request as httpRequest, type ClientRequest, type IncomingMessage } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import { errorCode } from './describe-error.ts'

/** Largest answer that is read, in bytes. */
const MOST_BYTES = 8 << 20

export interface HttpCall {
  readonly method?: 'GET' | 'POST'
  readonly path: string
  /** Sent as JSON. */
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
  /** Told about each part of the body as it arrives, with the time in ms. */
  readonly onPart?: (part: Buffer, at: number) => void
  /** Seconds to wait for the beginning, and between two parts; the client's by default. */
  readonly timeout?: number
}

/** The head of an answer. */
export interface AnswerHead {
  /** What was asked for. */
  readonly path: string
  readonly status: number
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly httpVersion: string
  /** True when the connection had served a request before. */
  readonly reused: boolean
  /** Wall-clock ms at which the request went out and its head came in. */
  readonly sentAt: number
  readonly headAt: number
}

export interface HttpAnswer extends AnswerHead {
  readonly text: string
  /** True when the connection ended before the body did. */
  readonly cut: boolean
  /** ms from sending to the end, and to the head. */
  readonly totalMs: number
  readonly headMs: number
}

/** Asks one endpoint, over connections that are kept, and remembers the heads of all answers. */
export interface HttpClient {
  readonly url: string
  readonly seen: readonly AnswerHead[]
  /** Rejects when there is no answer: with the network's error, or after the timeout. */
  call(call: HttpCall): Promise<HttpAnswer>
  close(): void
}

export interface HttpClientOptions {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  /** Seconds. */
  readonly timeout: number
}

/** A client of an endpoint; whoever creates it closes it. Redirects are not followed: the endpoint itself must answer. */
export function createHttpClient({ url, headers, timeout }: HttpClientOptions): HttpClient {
  const secure = url.startsWith('https:')
  const agent = secure ? new HttpsAgent({ keepAlive: true }) : new HttpAgent({ keepAlive: true })
  const seen: AnswerHead[] = []
  const once = (call: HttpCall): Promise<HttpAnswer> => {
    const body = call.body === undefined ? undefined : JSON.stringify(call.body)
    const type =
      body === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }
    const request = (secure ? httpsRequest : httpRequest)(new URL(call.path, url), {
      method: call.method ?? (body === undefined ? 'GET' : 'POST'),
      headers: { ...headers, ...call.headers, ...type },
      agent,
    })
    return answerOf(request, body, call, call.timeout ?? timeout, (head) => seen.push(head))
  }
  return {
    url,
    seen,
    // A kept connection may be closed by the endpoint in the very moment in which it is used again.
    call: (call) =>
      once(call).catch((error: unknown) => (error instanceof StaleConnection ? once(call) : Promise.reject(error))),
    close: () => agent.destroy(),
  }
}

class StaleConnection extends Error {}

function answerOf(
  request: ClientRequest,
  body: string | undefined,
  { onPart, path }: HttpCall,
  timeout: number,
  onHead: (head: AnswerHead) => void,
): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const sentAt = Date.now()
    const started = performance.now()
    const late = (): void => void request.destroy(new Error(`no answer within ${timeout} s`))
    let timer = setTimeout(late, timeout * 1000)
    const fail = (error: Error): void => {
      clearTimeout(timer)
      const stale = request.reusedSocket && (errorCode(error) === 'ECONNRESET' || errorCode(error) === 'EPIPE')
      reject(stale ? new StaleConnection(error.message) : error)
    }
    // More than one may come, and one that nobody hears ends the program.
    request.on('error', fail)
    request.once('response', (response) => {
      const head = { path, ...headOf(response, request.reusedSocket, sentAt) }
      const headMs = performance.now() - started
      onHead(head)
      const parts: Buffer[] = []
      let bytes = 0
      response.on('data', (part: Buffer) => {
        clearTimeout(timer)
        timer = setTimeout(late, timeout * 1000)
        onPart?.(part, performance.now())
        bytes += part.length
        if (bytes > MOST_BYTES) request.destroy(new Error(`an answer of more than ${MOST_BYTES} bytes`))
        else parts.push(part)
      })
      const end = (cut: boolean): void => {
        clearTimeout(timer)
        resolve({ ...head, text: Buffer.concat(parts).toString(), cut, headMs, totalMs: performance.now() - started })
      }
      response.once('end', () => end(!response.complete))
      // Once the head is there, what follows ends the body; only our own limits make the answer worthless.
      response.on('error', (error) => (errorCode(error) === 'ECONNRESET' ? end(true) : fail(error)))
    })
    request.end(body)
  })
}

function headOf(response: IncomingMessage, reused: boolean, sentAt: number): Omit<AnswerHead, 'path'> {
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(response.headers)) {
    if (value !== undefined) headers[name] = typeof value === 'string' ? value : value.join(', ')
  }
  const { statusCode = 0, httpVersion } = response
  return { status: statusCode, headers, httpVersion, reused, sentAt, headAt: Date.now() }
}
