import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { createVllmEncoder } from '../../signals/kv-events/encode-vllm.ts'
import type { KvEventPublisher } from '../../signals/kv-events/publisher.ts'
import { PLAIN_STORE } from '../../signals/kv-events/kv-event.ts'

/** What a scripted engine does otherwise than a good one. */
export interface Script {
  /** Tokens found in the cache, in usage: as a number, as null where the field is left empty, or not at all. */
  readonly cached?: 'reported' | 'null' | 'absent'
  readonly caching?: boolean
  /** `late` holds a stream back until its end; `cut` breaks it off; `plain` answers in one piece of JSON. */
  readonly stream?: 'flowing' | 'late' | 'cut' | 'plain'
  /** Where new prompts are published. */
  readonly publisher?: KvEventPublisher
  /** Answers instead of the engine; true when it did. */
  readonly instead?: (path: string, response: ServerResponse, request: IncomingMessage) => boolean
  readonly model?: string
  readonly metrics?: string
}

export interface ScriptedEngine extends AsyncDisposable {
  readonly url: string
  readonly server: Server
  /** Method and path of every request. */
  readonly asked: readonly string[]
}

export const BLOCK = 16
const BYTES_PER_TOKEN = 4
const MS_PER_TOKEN = 12
const MS_PER_PROMPT_TOKEN = 0.2
const body = z.object({
  stream: z.boolean().optional(),
  max_tokens: z.number().optional(),
  messages: z.array(z.object({ content: z.string() })),
})

/** A small server that speaks like vLLM and fails as its script says. */
export async function scriptedEngine(script: Script = {}): Promise<ScriptedEngine> {
  const { model = 'm', metrics = vllmMetrics() } = script
  const asked: string[] = []
  const engine = createAnswers(script, model)
  const pages: Readonly<Record<string, () => string>> = {
    'GET /health': () => '',
    'GET /v1/models': () => JSON.stringify({ data: [{ id: model, owned_by: 'vllm', max_model_len: 8192 }] }),
    'GET /version': () => '{"version":"0.31.0"}',
    'GET /metrics': () => metrics,
    'POST /tokenize': () => '{"tokens":[1,2,3]}',
  }
  const server = createServer((request, response) => {
    const { method = '', url = '' } = request
    asked.push(`${method} ${url}`)
    if (script.instead?.(url, response, request) === true) return
    let text = ''
    request.on('data', (part: Buffer) => (text += part.toString()))
    request.on('end', () => {
      const page = pages[`${method} ${url}`]
      if (page !== undefined) response.end(page())
      else if (url === '/v1/chat/completions') void engine(text, response)
      else response.writeHead(404).end('{"error":"not found"}')
    })
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no address')
  return {
    url: `http://127.0.0.1:${address.port}`,
    server,
    asked,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((done) => server.close(done))
    },
  }
}

/** A page of vLLM's metrics with these labels of its cache. */
export function vllmMetrics(labels = `block_size="${BLOCK}",num_gpu_blocks="1000"`): string {
  return `vllm:num_requests_running{engine="0"} 0\nvllm:num_requests_waiting{engine="0"} 0\nvllm:kv_cache_usage_perc{engine="0"} 0\nvllm:cache_config_info{${labels},engine="0"} 1\n`
}

function createAnswers({ cached = 'reported', caching = true, stream = 'flowing', publisher }: Script, model: string) {
  const known = new Set<string>()
  const encode = createVllmEncoder()
  return async (text: string, response: ServerResponse): Promise<void> => {
    const { messages, max_tokens: tokens = 1, stream: streams = false } = body.parse(JSON.parse(text))
    const prompt = messages.map(({ content }) => content).join('')
    const length = Math.ceil(prompt.length / BYTES_PER_TOKEN)
    const hits = caching && known.has(prompt) ? Math.floor((length - 1) / BLOCK) * BLOCK : 0
    if (publisher !== undefined && !known.has(prompt)) publisher.publish(encode(storedBatch(length)))
    known.add(prompt)
    const usage = { prompt_tokens: length, completion_tokens: tokens, prompt_tokens_details: details(hits, cached) }
    await sleep((length - hits) * MS_PER_PROMPT_TOKEN)
    if (!streams || stream === 'plain') {
      response.setHeader('content-type', 'application/json')
      return void response.end(JSON.stringify({ model, choices: [{ message: { content: 'hello' } }], usage }))
    }
    response.setHeader('content-type', 'text/event-stream')
    const events = Array.from({ length: tokens }, () => ({ choices: [{ delta: { content: 'word ' } }] }))
    if (stream === 'late') await sleep(tokens * MS_PER_TOKEN)
    for (const event of events) {
      if (stream !== 'late') await sleep(MS_PER_TOKEN)
      response.write(`data: ${JSON.stringify(event)}\n\n`)
      if (stream === 'cut') return void setTimeout(() => response.destroy(), 20)
    }
    response.end(`data: ${JSON.stringify({ choices: [], usage })}\n\ndata: [DONE]\n\n`)
  }
}

function details(hits: number, cached: Script['cached']) {
  if (cached === 'absent') return undefined
  return cached === 'null' || hits === 0 ? null : { cached_tokens: hits }
}

/** The full blocks of a prompt of so many tokens. */
function storedBatch(tokens: number) {
  const blocks = Math.floor(tokens / BLOCK)
  return {
    timestamp: Date.now() / 1000,
    events: [
      {
        type: 'blocks-stored' as const,
        blockHashes: Array.from({ length: blocks }, (_, i) => BigInt(0xabc0 + i)),
        tokenIds: Uint32Array.from({ length: blocks * BLOCK }, (_, i) => i),
        blockSize: BLOCK,
        tier: 'gpu' as const,
        parentHash: undefined,
        ...PLAIN_STORE,
      },
    ],
  }
}
