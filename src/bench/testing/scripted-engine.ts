import { createServer } from 'node:http'
import type { IncomingHttpHeaders, ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'

/** A request that the engine got. */
export interface SeenRequest {
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
  /** `performance.now()` when it had been read. */
  readonly at: number
}

/** One step of an answer: wait, then write text as it is. */
export interface Step {
  readonly afterMs: number
  readonly write: string
}

/** What the engine does with a request. */
export interface Script {
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  readonly steps: readonly Step[]
  /** Cut the connection instead of ending the answer. */
  readonly cut?: boolean
}

/** An event of a stream. */
export function event(value: unknown): string {
  return `data: ${typeof value === 'string' ? value : JSON.stringify(value)}\n\n`
}

/** A chat event with content. */
export function token(content: string): string {
  return event({ choices: [{ index: 0, delta: { content }, finish_reason: null }] })
}

/** The event that opens a chat answer and holds no content. */
export const role = event({ choices: [{ index: 0, delta: { role: 'assistant', content: '' }, finish_reason: null }] })

/** The events that end an answer. */
export function ending(promptTokens: number, cachedTokens: number, outputTokens: number): string {
  const usage = {
    prompt_tokens: promptTokens,
    completion_tokens: outputTokens,
    prompt_tokens_details: { cached_tokens: cachedTokens },
  }
  const finish = event({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] })
  return finish + event({ choices: [], usage }) + event('[DONE]')
}

/** An answer of some tokens at once. */
export function quickAnswer(content: string, promptTokens = 100, cachedTokens = 40): Script {
  return { steps: [{ afterMs: 0, write: role + token(content) + token('.') + ending(promptTokens, cachedTokens, 2) }] }
}

/** A real HTTP server that lists one model and answers requests as a script says. */
export async function startScriptedEngine(script: (request: SeenRequest, index: number) => Script) {
  const seen: SeenRequest[] = []
  const server = createServer((request, response) => {
    if (request.url === '/v1/models') {
      response.writeHead(200, { 'content-type': 'application/json' })
      response.end('{"object":"list","data":[{"id":"scripted"}]}')
      return
    }
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString()
      const entry = { path: request.url ?? '', headers: request.headers, body, at: performance.now() }
      seen.push(entry)
      void perform(script(entry, seen.length - 1), response)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return {
    url: `http://127.0.0.1:${port}`,
    seen,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

async function perform(script: Script, response: ServerResponse) {
  response.writeHead(script.status ?? 200, { 'content-type': 'text/event-stream', ...script.headers })
  response.flushHeaders()
  for (const step of script.steps) {
    if (step.afterMs > 0) await sleep(step.afterMs)
    response.write(step.write)
  }
  if (script.cut === true) response.destroy()
  else response.end()
}
