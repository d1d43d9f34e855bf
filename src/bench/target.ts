import { request } from 'undici'
import { z } from 'zod'
import { InputError } from '../report/input-error.ts'

/** Where load goes to. */
export interface Target {
  readonly origin: string
  /** Path before `/v1`, without a slash at the end. */
  readonly prefix: string
  /** Sent with every request. */
  readonly headers: Readonly<Record<string, string>>
}

const PROBE_TIMEOUT_MS = 10_000

const modelList = z.object({ data: z.array(z.object({ id: z.string() })) })

/** Reads the address of a gateway or engine; a `/v1` at its end may be given or left out. */
export function parseTarget(text: string, headers: Readonly<Record<string, string>> = {}): Target {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw new InputError(`URL: expected an http or https address such as http://127.0.0.1:8080, found ${text}`)
  }
  return { origin: url.origin, prefix: url.pathname.replace(/\/+$/, '').replace(/\/v1$/, ''), headers }
}

/**
 * Makes sure that the target answers and finds the model to ask for.
 * @param wanted the model the user named; undefined takes the first that the target lists
 * @throws InputError if the target cannot be reached, or lists no model and none was named
 */
export async function resolveModel(target: Target, wanted: string | undefined): Promise<string> {
  const address = `${target.origin}${target.prefix}/v1/models`
  const answer = await fetchText(address, target)
  if (wanted !== undefined) return wanted
  const first = answer.status === 200 ? firstModel(answer.text) : undefined
  if (first !== undefined) return first
  throw new InputError(
    `model: expected ${address} to list one, found status ${answer.status} with ${shorten(answer.text)}; name it with --model`,
  )
}

async function fetchText(address: string, target: Target): Promise<{ status: number; text: string }> {
  try {
    const signal = AbortSignal.timeout(PROBE_TIMEOUT_MS)
    const answer = await request(address, { headers: { ...target.headers }, signal })
    return { status: answer.statusCode, text: await answer.body.text() }
  } catch (error) {
    throw new InputError(
      `URL: expected a gateway or engine at ${target.origin}, found none (${describe(error)}); is it started?`,
    )
  }
}

function firstModel(text: string): string | undefined {
  try {
    return modelList.parse(JSON.parse(text)).data[0]?.id
  } catch {
    return undefined
  }
}

function shorten(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim()
  return line === '' ? 'no text' : line.slice(0, 120)
}

/** Connection errors to several addresses come as one error without a message of its own. */
function describe(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(describe).join('; ')
  return error instanceof Error ? error.message : String(error)
}
