import { z } from 'zod'
import { ENGINE_TABLES } from './metrics/engine-tables.ts'
import type { EngineName } from './metrics/engine-table.ts'
import { modelList } from './metrics/models-route.ts'
import { tgiInfo } from './metrics/tgi.ts'
import type { Probe, ProbeAnswer } from './probe.ts'

export interface Detection {
  readonly engine: EngineName
  /** What showed it, for logs and the operator. */
  readonly because: string
  /** What `GET /metrics` answers in place of metrics, where that is a page for people. */
  readonly page?: string
  /** False when nothing answered but errors of a server, so that it is worth asking again soon. */
  readonly answered: boolean
}

interface Found {
  readonly engine: EngineName
  readonly because: string
}

/** A question to an endpoint, and what follows from an answer; undefined leaves it to the next question. */
interface Question {
  readonly path: string
  readonly conclude: (answer: ProbeAnswer, path: string) => Found | undefined
}

const version = z.object({ version: z.string() })
const loads = z.object({ loads: z.array(z.unknown()) })

/**
 * The metrics page tells most engines in one request, as its families carry the engine's name and it is there by default
 * or wanted anyway. The list of models tells the rest but two by `owned_by`. The other routes are each one engine's own.
 * SGLang answers some of Ollama's routes, so it is asked about before.
 */
const QUESTIONS: readonly Question[] = [
  { path: '/metrics', conclude: byMetrics },
  { path: '/v1/models', conclude: byOwner },
  { path: '/v1/loads?include=core', conclude: byBody('sglang', loads) },
  { path: '/api/version', conclude: byBody('ollama', version) },
  { path: '/info', conclude: byBody('tgi', tgiInfo.extend({ max_total_tokens: z.number() })) },
  { path: '/prometheus/metrics', conclude: byMetrics },
]

/** Questions without any answer after which the endpoint is given up for now. */
const PATIENCE = 2
const EXCERPT = 80

/**
 * Finds out which engine answers, in one request where it can and six at most. An endpoint that gives no sign of any
 * engine is taken for a plain OpenAI-compatible one. Never rejects, whatever comes back, except when `signal` aborts.
 */
export async function detectEngine(probe: Probe, signal?: AbortSignal): Promise<Detection> {
  const answers: string[] = []
  let answered = false
  let page: string | undefined
  for (const { path, conclude } of QUESTIONS) {
    const answer = await ask(probe, path, signal)
    if (typeof answer === 'string') {
      answers.push(`GET ${path}: ${answer}`)
      if (!answered && answers.length === PATIENCE) break
      continue
    }
    // While an engine starts, something else may answer in its place.
    answered ||= answer.status < 500
    const found = byServer(answer, path) ?? (answer.status === 200 ? conclude(answer, path) : undefined)
    if (found !== undefined) return { ...found, answered: true }
    const html = answer.status === 200 && /^\s*</.test(answer.text)
    if (html && path === '/metrics') page = answer.text.trim().slice(0, EXCERPT)
    answers.push(`GET ${path}: status ${answer.status}${html ? ', HTML' : ''}`)
  }
  const because = `no sign of an engine (${answers.join('; ')})`
  return { engine: 'openai', because, answered, ...(page === undefined ? {} : { page }) }
}

/** The answer, or why there is none. */
async function ask(probe: Probe, path: string, signal: AbortSignal | undefined): Promise<ProbeAnswer | string> {
  try {
    return await probe(path, signal)
  } catch (error) {
    signal?.throwIfAborted()
    return error instanceof Error ? error.message || error.name : String(error)
  }
}

function byServer({ headers }: ProbeAnswer, path: string): Found | undefined {
  const server = headers['server']
  const table = ENGINE_TABLES.find(({ signs }) => signs.server !== undefined && signs.server === server)
  return table === undefined
    ? undefined
    : { engine: table.engine, because: `GET ${path} has the header server: ${server}` }
}

/** The engine whose families come first on the page, or JSON statistics of iterations, which only one engine has. */
function byMetrics({ text }: ProbeAnswer, path: string): Found | undefined {
  if (/^\s*\[/.test(text)) return byStatistics(text)
  let first: { readonly engine: EngineName; readonly family: string; readonly at: number } | undefined
  for (const { engine, signs } of ENGINE_TABLES) {
    for (const family of signs.families) {
      const at = startOfLine(text, family)
      if (at >= 0 && (first === undefined || at < first.at)) first = { engine, family, at }
    }
  }
  if (first === undefined) return undefined
  return { engine: first.engine, because: `GET ${path} has families ${first.family}...` }
}

/** Where a line begins with this, or -1. */
function startOfLine(text: string, beginning: string): number {
  return text.startsWith(beginning) ? 0 : text.indexOf(`\n${beginning}`)
}

function byStatistics(text: string): Found | undefined {
  const statistics = z.array(z.looseObject({ iter: z.number() })).safeParse(parsed(text))
  if (!statistics.success) return undefined
  return { engine: 'tensorrt-llm', because: 'GET /metrics answers JSON statistics of iterations' }
}

function byOwner({ text }: ProbeAnswer): Found | undefined {
  const owners = modelList.safeParse(parsed(text)).data?.data.map(({ owned_by: owner }) => owner) ?? []
  for (const { engine, signs } of ENGINE_TABLES) {
    const owner = signs.ownedBy.find((name) => owners.includes(name))
    if (owner !== undefined) return { engine, because: `its models are owned_by ${owner}` }
  }
  return undefined
}

function byBody(engine: EngineName, schema: z.ZodType): Question['conclude'] {
  return ({ text }, path) =>
    schema.safeParse(parsed(text)).success
      ? { engine, because: `GET ${path} answers as only ${engine} does` }
      : undefined
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
