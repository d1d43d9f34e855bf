import type { Probe } from './probe.ts'

export interface HttpProbeSettings {
  /** Base address, without a trailing slash. */
  readonly url: string
  /** Sent with every request, e.g. an API key. */
  readonly headers?: Readonly<Record<string, string>>
  /** Seconds for a whole answer; 5 by default, as TensorRT-LLM waits 2 s for something to tell. */
  readonly timeout?: number
  /** Largest body in bytes; 8 MiB by default. A metrics page has some hundred kilobytes at most. */
  readonly maxBytes?: number
  readonly fetch?: typeof globalThis.fetch
}

const TIMEOUT = 5
const MAX_BYTES = 8 * 1024 * 1024

/** Probes an endpoint with `fetch`. Redirects are not followed: what answers must be the endpoint itself. */
export function httpProbe(settings: HttpProbeSettings): Probe {
  const { url, headers = {}, timeout = TIMEOUT, maxBytes = MAX_BYTES, fetch = globalThis.fetch } = settings
  return async (path, signal) => {
    const limit = AbortSignal.timeout(timeout * 1000)
    const answer = await fetch(`${url}${path}`, {
      headers,
      redirect: 'manual',
      signal: signal === undefined ? limit : AbortSignal.any([signal, limit]),
    }).catch(tellCause)
    const text = await readText(answer, maxBytes)
    return { status: answer.status, headers: Object.fromEntries(answer.headers), text }
  }
}

/** `fetch` says no more than that it failed; why is in the error behind it. */
function tellCause(error: unknown): never {
  const cause = error instanceof Error ? error.cause : undefined
  const first: unknown = cause instanceof AggregateError ? cause.errors[0] : cause
  if (error instanceof TypeError && first instanceof Error)
    throw new Error(first.message || first.name, { cause: error })
  throw error
}

async function readText(answer: Response, maxBytes: number): Promise<string> {
  if (answer.body === null) return ''
  const decoder = new TextDecoder()
  let text = ''
  let bytes = 0
  for await (const chunk of answer.body) {
    bytes += chunk.byteLength
    // Leaving the loop cancels the body and with it the connection.
    if (bytes > maxBytes) throw new Error(`expected at most ${maxBytes} bytes, found more`)
    text += decoder.decode(chunk, { stream: true })
  }
  return text + decoder.decode()
}
