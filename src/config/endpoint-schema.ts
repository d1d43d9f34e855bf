import { z } from 'zod'
import { endpointUrl } from './endpoint-url.ts'
import { flag, headerName, positiveDuration, text, tokens, whole } from './forms.ts'
import { healthOverrideSchema } from './health-schema.ts'
import { kvEventsSchema } from './kv-events-schema.ts'

/** Headers that belong to the connection, or that are computed from the body. */
const FORBIDDEN = new Set([
  'host',
  'connection',
  'content-length',
  'transfer-encoding',
  'keep-alive',
  'te',
  'trailer',
  'upgrade',
])

const roles = ['both', 'prefill', 'decode', 'encode'] as const
const engines = ['auto', 'vllm', 'sglang', 'llama-cpp', 'tensorrt-llm', 'tgi', 'lmdeploy', 'ollama', 'openai'] as const

function headerValue() {
  const error = 'expected text that may be sent in an HTTP header'
  return z
    .string({ error })
    .regex(/^[\t\x20-\x7e\x80-\xff]*$/, { error })
    .meta({ title: 'text' })
}

function extraHeader() {
  return headerName().refine((name) => !FORBIDDEN.has(name), {
    error: 'expected a header that does not describe the connection or the body',
  })
}

function maxConcurrency() {
  return z
    .union([whole(1), z.literal('none')], { error: 'expected a whole number of at least 1, or none' })
    .transform((limit) => (limit === 'none' ? Number.POSITIVE_INFINITY : limit))
    .meta({ title: 'whole number or none' })
}

/** Ranks of one address; more are never run behind one. */
const MOST_RANKS = 1024

function ranks() {
  const error = `expected a whole number from 1 to ${MOST_RANKS}, or auto`
  return z
    .union([whole(1, MOST_RANKS), z.literal('auto', { error })], { error })
    .meta({ title: 'whole number or auto' })
}

function profileName(names: readonly string[] | undefined) {
  return names === undefined ? text() : z.enum(names)
}

/**
 * One replica of an engine. A bare string is its URL.
 *
 * @param profiles Names an endpoint's `profile` may have; any name when not given.
 */
export function endpointSchema(profiles?: readonly string[]) {
  const settings = z.strictObject({
    url: endpointUrl().describe('Base address: scheme, host and port'),
    id: text()
      .regex(/^[\x21-\x7e]+$/, { error: 'expected a name of visible ASCII characters without spaces' })
      .describe('Unique name in headers, metrics and logs; host:port of the URL by default')
      .exactOptional(),
    models: z
      .array(text('the name of a model'))
      .min(1)
      .describe('Models it serves; by default whatever its GET /v1/models answers')
      .exactOptional(),
    role: z
      .enum(roles)
      .describe(
        'What it does for a request: everything, or one part of a disaggregated group; whole requests go to both and decode',
      )
      .prefault('both'),
    labels: z
      .record(text(), text())
      .meta({ title: 'map of text' })
      .describe('Free labels, for filters and metrics')
      .prefault({}),
    profile: profileName(profiles)
      .describe('Named speed of the engine, used until its own speed is learned')
      .exactOptional(),
    ranks: ranks()
      .describe(
        'Data-parallel ranks behind the url, each an endpoint of its own (id@0, id@1, ...) with a cache and limits of its own; auto is as many as its engine tells',
      )
      .prefault('auto'),
    kvTokens: tokens()
      .describe('Tokens that fit into its KV cache; what the engine says by default, and until then the profile')
      .exactOptional(),
    maxConcurrency: maxConcurrency().describe('Requests in flight at which it takes no more').prefault('none'),
    engine: z
      .enum(engines)
      .describe('Software it runs; auto finds out, and openai is any server that speaks the protocol')
      .prefault('auto'),
    metrics: flag().describe('Its own metrics are read: load, size of the cache, sleep').prefault(true),
    kvEvents: kvEventsSchema
      .describe('Where it publishes which blocks its KV cache holds; without it they are predicted')
      .exactOptional(),
    health: healthOverrideSchema.describe('What differs from the health section for this endpoint').exactOptional(),
    keepAlive: positiveDuration()
      .describe('Idle connections to it are dropped after this time; timeouts.keepAlive by default')
      .exactOptional(),
    headers: z
      .record(extraHeader(), headerValue())
      .meta({ title: 'map of text' })
      .describe('Headers added to every request sent to it; ${NAME} stands for an environment variable')
      .prefault({}),
  })
  return z.union([endpointUrl().transform((url) => settings.parse({ url })), settings])
}

export type EndpointInput = z.output<ReturnType<typeof endpointSchema>>
