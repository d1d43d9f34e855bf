import type { Dispatcher } from 'undici'
import { createAnswerReader } from './answer-reader.ts'
import type { Answer, Usage } from './answer-reader.ts'

/** One request to send. */
export interface StreamCall {
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  readonly timeoutMs: number
  /** Ends the call early; its outcome then has the error `interrupted`. */
  readonly signal: AbortSignal
  /** Whether the answer's text is needed. */
  readonly keepText: boolean
}

/** What came of a request. Times are milliseconds since it was handed to the connection. */
export interface CallOutcome {
  /** HTTP status, 0 when no answer came. */
  readonly status: number
  readonly error: { readonly kind: string; readonly message: string } | undefined
  readonly firstTokenMs: number | undefined
  readonly totalMs: number
  readonly usage: Usage | undefined
  readonly contentEvents: number
  readonly text: string
  readonly endpoint: string | undefined
  readonly reason: string | undefined
}

type Headers = Readonly<Record<string, string | string[] | undefined>>

const ERROR_TEXT_LIMIT = 2048
/** Kvasir's own names first, then those that other routers use for the same. */
const endpointHeaders = ['x-kvasir-endpoint', 'x-router-backend', 'x-served-by']
const reasonHeaders = ['x-kvasir-reason', 'x-router-reason']
const connectCodes = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EHOSTUNREACH', 'ENETUNREACH', 'EAI_AGAIN', 'EADDRNOTAVAIL'])

class StopCall extends Error {
  readonly kind: string
  constructor(kind: string, message: string) {
    super(message)
    this.kind = kind
  }
}

/** Sends a request and measures its streamed answer. Never rejects: what goes wrong is in the outcome. */
export function streamCall(dispatcher: Dispatcher, call: StreamCall): Promise<CallOutcome> {
  const { promise, resolve } = Promise.withResolvers<CallOutcome>()
  const started = performance.now()
  const reader = createAnswerReader(() => performance.now(), call.keepText)
  let status = 0
  let headers: Headers = {}
  let errorText = ''
  let stopped: StopCall | undefined
  let stopNow: ((reason: Error) => void) | undefined
  const stop = (kind: string, message: string) => {
    stopped ??= new StopCall(kind, message)
    if (stopNow === undefined) finish(stopped)
    else stopNow(stopped)
  }
  const timer = setTimeout(() => stop('timeout', `no end after ${call.timeoutMs} ms`), call.timeoutMs)
  const interrupt = () => stop('interrupted', 'the run was ended')
  call.signal.addEventListener('abort', interrupt, { once: true })
  const finish = (error: CallOutcome['error']) => {
    clearTimeout(timer)
    call.signal.removeEventListener('abort', interrupt)
    resolve(toOutcome(reader.answer, { status, headers, error, started, ended: performance.now() }))
  }
  dispatcher.dispatch(
    { method: 'POST', path: call.path, headers: { ...call.headers }, body: call.body },
    {
      onRequestStart(controller) {
        stopNow = (reason) => controller.abort(reason)
        if (stopped !== undefined) controller.abort(stopped)
      },
      onResponseStart(_controller, statusCode, answerHeaders) {
        status = statusCode
        headers = answerHeaders
      },
      onResponseData(_controller, chunk) {
        if (status >= 200 && status < 300) reader.feed(chunk)
        else if (errorText.length < ERROR_TEXT_LIMIT) errorText += chunk.toString('utf8')
      },
      onResponseEnd() {
        finish(findProblem(reader.answer, status, headers, errorText))
      },
      onResponseError(_controller, error) {
        finish(stopped ?? { kind: errorKind(error, status), message: error.message })
      },
    },
  )
  return promise
}

/** What is wrong with an answer that ended without a transport error; an answer without any content is never a fast one. */
function findProblem(answer: Answer, status: number, headers: Headers, errorText: string): CallOutcome['error'] {
  if (status < 200 || status >= 300) return { kind: `http-${status}`, message: errorText.slice(0, 200) }
  if (answer.problem !== undefined) return answer.problem
  const type = headerOf(headers, ['content-type']) ?? 'none'
  if (!type.includes('text/event-stream')) {
    return { kind: 'not-a-stream', message: `expected content-type text/event-stream, found ${type}` }
  }
  if (!answer.finished) return { kind: 'aborted-stream', message: 'the stream ended without a finish reason' }
  if (answer.contentEvents === 0) return { kind: 'no-output', message: 'the stream held no content' }
  return undefined
}

function errorKind(error: Error, status: number): string {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  if (connectCodes.has(code) || code === 'UND_ERR_CONNECT_TIMEOUT') return 'connect'
  return status === 0 ? 'no-response' : 'aborted-stream'
}

interface Ending {
  readonly status: number
  readonly headers: Headers
  readonly error: CallOutcome['error']
  readonly started: number
  readonly ended: number
}

function toOutcome(answer: Answer, ending: Ending): CallOutcome {
  const error = ending.error === undefined ? undefined : { kind: ending.error.kind, message: ending.error.message }
  return {
    status: ending.status,
    error,
    firstTokenMs: answer.firstContentAt === undefined ? undefined : answer.firstContentAt - ending.started,
    totalMs: ending.ended - ending.started,
    usage: answer.usage,
    contentEvents: answer.contentEvents,
    text: answer.text,
    endpoint: headerOf(ending.headers, endpointHeaders),
    reason: headerOf(ending.headers, reasonHeaders),
  }
}

function headerOf(headers: Headers, names: readonly string[]): string | undefined {
  for (const name of names) {
    const value = headers[name]
    if (value !== undefined) return Array.isArray(value) ? value[0] : value
  }
  return undefined
}
