/** The model that the upstream of the proxy bench serves. */
export const MODEL = 'bench-model'

/** Request headers by which the load asks the upstream for something other than the small JSON answer. */
export const ASK = {
  /** Any value: an event stream. */
  stream: 'x-bench-stream',
  /** Any value: the answer carries the SHA-256 of the request's body as `x-bench-digest`. */
  digest: 'x-bench-digest',
} as const

const ID = 'chatcmpl-4f1c9f0f3c8e4f6d9a3f0d7be1a9c2d4'
const CREATED = 1_760_000_000
const EVENTS = 80
const WORDS = [
  'The',
  ' cache',
  ' holds',
  ' the',
  ' shared',
  ' prefix,',
  '\n\n',
  ' so',
  ' it',
  ' is',
  ' not',
  ' computed.',
]
const USAGE = {
  prompt_tokens: 1024,
  total_tokens: 1120,
  completion_tokens: 96,
  prompt_tokens_details: { cached_tokens: 512 },
}

/** A chat completion of about 600 bytes, as vLLM writes it. */
export const JSON_ANSWER = Buffer.from(
  JSON.stringify({
    id: ID,
    object: 'chat.completion',
    created: CREATED,
    model: MODEL,
    choices: [
      {
        index: 0,
        message: { role: 'assistant', content: WORDS.join('').repeat(2), refusal: null, tool_calls: [] },
        logprobs: null,
        finish_reason: 'stop',
        stop_reason: null,
      },
    ],
    service_tier: null,
    system_fingerprint: null,
    usage: USAGE,
    prompt_logprobs: null,
    kv_transfer_params: null,
  }),
)

/**
 * The events of a streamed chat completion, as vLLM writes them: about 220 bytes each, first the role, then content, the
 * finish reason, the usage block and the end mark.
 */
export const STREAM_EVENTS: readonly Buffer[] = streamEvents().map((data) => Buffer.from(`data: ${data}\n\n`))

/** Bytes of a whole streamed answer. */
export const STREAM_BYTES = STREAM_EVENTS.reduce((sum, event) => sum + event.length, 0)

function streamEvents(): string[] {
  const events = [choice({ role: 'assistant', content: '' }, null)]
  while (events.length < EVENTS - 3) events.push(choice({ content: WORDS[events.length % WORDS.length] }, null))
  events.push(choice({}, 'stop'), chunk({ choices: [], usage: USAGE }), '[DONE]')
  return events
}

function choice(delta: object, finishReason: string | null): string {
  return chunk({ choices: [{ index: 0, delta, logprobs: null, finish_reason: finishReason }] })
}

function chunk(rest: object): string {
  return JSON.stringify({ id: ID, object: 'chat.completion.chunk', created: CREATED, model: MODEL, ...rest })
}
