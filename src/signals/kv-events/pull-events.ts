import { describeValue } from './describe-value.ts'
import { parseExactJson } from './exact-json.ts'

/** Where `trtllm-serve` hands out its events. */
export const PULL_PATH = '/kv_cache_events'

/** Where and how events are asked for. */
export interface PullRequest {
  /** Base address of the engine, without a trailing slash. */
  readonly url: string
  /** Sent with every request, e.g. an API key. */
  readonly headers: Readonly<Record<string, string>>
  /** Seconds for a whole answer. */
  readonly timeout: number
  /** Largest answer in bytes. */
  readonly maxBytes: number
  readonly fetch: typeof globalThis.fetch
  readonly signal: AbortSignal
}

/** What came: the entries of a list, a list that cannot be read, or no list at all. */
export type PullAnswer =
  | { readonly outcome: 'entries'; readonly entries: readonly unknown[] }
  | { readonly outcome: 'unreadable'; readonly found: string }
  | { readonly outcome: 'refused'; readonly found: string }

/**
 * Asks once for all events since somebody last asked; the engine has forgotten them then. Older releases answer only when
 * no event came for two seconds. Never rejects, except when the signal is aborted.
 */
export async function pullEvents(request: PullRequest): Promise<PullAnswer> {
  const { url, headers, timeout, fetch, signal, maxBytes } = request
  try {
    const answer = await fetch(`${url}${PULL_PATH}`, {
      method: 'POST',
      headers,
      redirect: 'manual',
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeout * 1000)]),
    })
    if (answer.status !== 200) {
      await answer.body?.cancel()
      return { outcome: 'refused', found: `status ${answer.status}` }
    }
    const text = await readText(answer, maxBytes)
    return text === undefined ? { outcome: 'unreadable', found: `more than ${maxBytes} bytes` } : readList(text)
  } catch (error) {
    signal.throwIfAborted()
    return { outcome: 'refused', found: reasonOf(error) }
  }
}

function readList(text: string): PullAnswer {
  let value: unknown
  try {
    value = parseExactJson(text)
  } catch (error) {
    return { outcome: 'unreadable', found: `${describeValue(text)}, which is not JSON: ${reasonOf(error)}` }
  }
  return Array.isArray(value)
    ? { outcome: 'entries', entries: value }
    : { outcome: 'unreadable', found: describeValue(value) }
}

/** Undefined when there is too much of it: leaving the loop ends the connection. */
async function readText({ body }: Response, maxBytes: number): Promise<string | undefined> {
  if (body === null) return ''
  const decoder = new TextDecoder()
  let text = ''
  let bytes = 0
  for await (const chunk of body) {
    bytes += chunk.byteLength
    if (bytes > maxBytes) return undefined
    text += decoder.decode(chunk, { stream: true })
  }
  return text + decoder.decode()
}

/** `fetch` hides the reason in the cause. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause instanceof Error ? error.cause.message : error.message
}
