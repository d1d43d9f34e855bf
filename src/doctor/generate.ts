import { createParser } from 'eventsource-parser'
import { z } from 'zod'
import type { GeneratingRoute } from './endpoint-facts.ts'
import type { HttpAnswer, HttpClient } from './http-client.ts'
import { parseJson } from './parse-json.ts'

/** A small request that generates. */
export interface Generate {
  readonly route: GeneratingRoute
  readonly model: string
  readonly prompt: string
  readonly maxTokens: number
  readonly headers?: Readonly<Record<string, string>>
}

/** Token counts as the engine reports them. */
export interface ReportedUsage {
  readonly promptTokens: number
  readonly completionTokens: number
  /** Null where the engine has the field and leaves it empty, undefined where it has none. */
  readonly cachedTokens: number | null | undefined
}

export interface PlainAnswer {
  readonly http: HttpAnswer
  readonly usage: ReportedUsage | undefined
  /** Whether the answer has the form of a completion. */
  readonly wellFormed: boolean
}

/** What came of a stream. Times are in ms since the request was sent. */
export interface StreamedAnswer extends PlainAnswer {
  /** Events with a choice in them. */
  readonly events: number
  readonly firstMs: number | undefined
  readonly lastMs: number | undefined
  readonly done: boolean
  /** The engine's words where it broke the stream off. */
  readonly error: string | undefined
  readonly badEvent: string | undefined
  /** Comment lines, which keep a connection alive. */
  readonly comments: number
}

const usageSchema = z.object({
  prompt_tokens: z.number(),
  completion_tokens: z.number().catch(0),
  prompt_tokens_details: z.object({ cached_tokens: z.number().nullish() }).nullish().catch(undefined),
})
const answerSchema = z.object({ choices: z.array(z.unknown()), usage: usageSchema.nullish().catch(undefined) })
const errorSchema = z.object({ error: z.unknown() })

/** Asks for a whole answer. Rejects when there is none; a status that is not 200 is an answer. */
export async function generatePlain(http: HttpClient, request: Generate): Promise<PlainAnswer> {
  const answer = await http.call({ path: pathOf(request.route), body: bodyOf(request), headers: request.headers ?? {} })
  const read = answer.status === 200 ? parseJson(answerSchema, answer.text) : undefined
  return { http: answer, usage: reported(read?.usage), wellFormed: read !== undefined }
}

/** Asks for a stream with its usage. Rejects when there is no answer. */
export async function generateStream(http: HttpClient, request: Generate): Promise<StreamedAnswer> {
  const started = performance.now()
  const decoder = new TextDecoder()
  const events = createEventReader(started)
  const answer = await http.call({
    path: pathOf(request.route),
    body: { ...bodyOf(request), stream: true, stream_options: { include_usage: true } },
    headers: request.headers ?? {},
    onPart: (part, at) => events.feed(decoder.decode(part, { stream: true }), at),
  })
  return { http: answer, ...events.result() }
}

function createEventReader(started: number) {
  let at = started
  let events = 0
  let firstMs: number | undefined
  let lastMs: number | undefined
  let done = false
  let comments = 0
  let usage: ReportedUsage | undefined
  let error: string | undefined
  let badEvent: string | undefined
  const parser = createParser({
    onComment: () => comments++,
    onEvent({ data }) {
      if (data === '[DONE]') return void (done = true)
      const read = parseJson(answerSchema, data)
      if (read === undefined) {
        const failure = parseJson(errorSchema, data)
        if (failure?.error !== undefined) error ??= JSON.stringify(failure.error)
        else badEvent ??= data
        return
      }
      usage = reported(read.usage) ?? usage
      if (read.choices.length === 0) return
      events++
      lastMs = at - started
      if (firstMs === undefined && hasContent(read.choices[0])) firstMs = lastMs
    },
  })
  return {
    feed(text: string, now: number): void {
      at = now
      parser.feed(text)
    },
    result: () => ({ events, firstMs, lastMs, done, comments, usage, error, badEvent, wellFormed: events > 0 }),
  }
}

const content = z.looseObject({
  text: z.string().nullish().catch(undefined),
  delta: z.record(z.string(), z.unknown()).nullish().catch(undefined),
})

/** The event that only names the role is no content. */
function hasContent(choice: unknown): boolean {
  const { text, delta } = content.safeParse(choice).data ?? {}
  if (typeof text === 'string') return text !== ''
  return Object.entries(delta ?? {}).some(([name, value]) => name !== 'role' && value !== null && value !== '')
}

function reported(usage: z.output<typeof usageSchema> | null | undefined): ReportedUsage | undefined {
  if (usage === null || usage === undefined) return undefined
  const { prompt_tokens: promptTokens, completion_tokens: completionTokens, prompt_tokens_details: details } = usage
  return { promptTokens, completionTokens, cachedTokens: details === null ? null : details?.cached_tokens }
}

function pathOf(route: GeneratingRoute): string {
  return route === 'chat' ? '/v1/chat/completions' : '/v1/completions'
}

function bodyOf({ route, model, prompt, maxTokens }: Generate) {
  const asked = route === 'chat' ? { messages: [{ role: 'user', content: prompt }] } : { prompt }
  return { model, ...asked, max_tokens: maxTokens, temperature: 0 }
}
