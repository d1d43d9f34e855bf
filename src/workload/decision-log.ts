import { decisionLineSchema, KEY_DIGITS } from '../core/decision-log-format.ts'
import type { DecisionLine } from '../core/decision-log-format.ts'
import { BLOCK_BYTES } from '../prefix/block-keys.ts'
import { checkTraceValue, parseTraceJson } from './parse-json.ts'
import { TraceError } from './trace-error.ts'
import type { TextRun, Workload, WorkloadRequest, WorkloadSession } from './workload.ts'

/** A file of a decision log. */
export interface DecisionLogSource {
  readonly file: string
  readonly text: string
}

const EXPECTED = 'one line of a decision log, version 1'

/**
 * Reads a decision log of the gateway. Prompts share what their chained block keys say; requests of one session stand in
 * one session, and follow the request before them that had ended.
 * @param model keeps the requests for this model; without it the log must be about one model
 * @throws TraceError with the line number, or with the models where one has to be chosen
 */
export function parseDecisionLog(sources: readonly DecisionLogSource[], model: string | undefined): Workload {
  const all = sources.flatMap(parseLines)
  const lines = ofOneModel(all, model, sources[0]?.file ?? 'decision log').toSorted((a, b) => a.at - b.at)
  const begin = lines[0]?.at ?? 0
  const prompts = createPrompts()
  const groups = new Map<string, { line: DecisionLine; prompt: readonly TextRun[] }[]>()
  for (const [index, line] of lines.entries()) {
    const session = line.session ?? `r${index}`
    const entry = { line, prompt: prompts(line) }
    const group = groups.get(session)
    if (group === undefined) groups.set(session, [entry])
    else group.push(entry)
  }
  const sessions = [...groups].map(([id, entries]): WorkloadSession => {
    const opens = entries[0]?.line.at ?? begin
    const before = createFollowing()
    const requests = entries.map(({ line, prompt }, turn) =>
      toRequest(id, turn, line, prompt, before(line, turn), opens),
    )
    return { id, start: (opens - begin) / 1000, requests }
  })
  return {
    name: 'decision-log',
    pacing: 'open',
    sessions,
    notes: ['prompts share whole blocks of 256 bytes; that a later prompt repeats an answer is not known from the log'],
  }
}

function parseLines({ file, text }: DecisionLogSource): DecisionLine[] {
  return text.split('\n').flatMap((source, index) => {
    if (source.trim() === '') return []
    const value = parseTraceJson(source, file, index + 1, EXPECTED)
    return [checkTraceValue(decisionLineSchema, value, file, index + 1, EXPECTED)]
  })
}

function ofOneModel(lines: readonly DecisionLine[], model: string | undefined, file: string): readonly DecisionLine[] {
  const counts = new Map<string, number>()
  for (const line of lines) counts.set(line.model, (counts.get(line.model) ?? 0) + 1)
  const found = [...counts].map(([name, requests]) => `${name} (${requests})`).join(', ')
  if (model !== undefined) {
    const kept = lines.filter((line) => line.model === model)
    if (kept.length > 0) return kept
    throw new TraceError(file, undefined, `expected requests for model ${model}, found those for ${found}`)
  }
  if (counts.size <= 1) return lines
  throw new TraceError(file, undefined, `expected requests for one model, found ${found}: choose one with --model`)
}

/**
 * Turns the keys of prompts into runs. A block has as many tokens wherever it occurs: those of a prompt's new blocks are
 * what its token count leaves when the blocks that were seen before are taken off. What follows the last full block is
 * shared with nobody.
 */
function createPrompts(): (line: DecisionLine) => readonly TextRun[] {
  const known = new Map<string, { readonly id: number; readonly unit: number }>()
  let next = 0
  return ({ blocks, promptTokens, promptBytes }) => {
    const keys = Array.from({ length: blocks.length / KEY_DIGITS }, (_, block) =>
      blocks.slice(block * KEY_DIGITS, (block + 1) * KEY_DIGITS),
    )
    const fresh = keys.filter((key) => !known.has(key)).length
    let left = promptTokens
    for (const key of keys) left -= known.get(key)?.unit ?? 0
    const tail = Math.max(0, promptBytes / BLOCK_BYTES - keys.length)
    const unit = Math.max(1, Math.floor(left / Math.max(1, fresh + tail)))
    const pieces = keys.map((key) => {
      const piece = known.get(key) ?? { id: next++, unit }
      known.set(key, piece)
      return piece
    })
    const rest = left - fresh * unit
    return toRuns(rest > 0 || pieces.length === 0 ? [...pieces, { id: next++, unit: Math.max(1, rest) }] : pieces)
  }
}

/** Puts blocks of equal length beside each other into one run. */
function toRuns(pieces: readonly { readonly id: number; readonly unit: number }[]): TextRun[] {
  const runs: TextRun[] = []
  for (let from = 0; from < pieces.length;) {
    const unit = pieces[from]!.unit
    let to = from
    while (to < pieces.length && pieces[to]!.unit === unit) to++
    const ids = Uint32Array.from(pieces.slice(from, to), ({ id }) => id)
    runs.push({ ids, unit, tokens: ids.length * unit })
    from = to
  }
  return runs
}

function toRequest(
  session: string,
  turn: number,
  line: DecisionLine,
  prompt: readonly TextRun[],
  before: Ended | undefined,
  opens: number,
): WorkloadRequest {
  return {
    id: `${session}:${turn}`,
    session,
    turn,
    offset: (line.at - opens) / 1000,
    after: before === undefined ? [] : [before.turn],
    think: (line.at - (before?.at ?? opens)) / 1000,
    messages: [{ role: 'user', parts: prompt }],
    promptTokens: prompt.reduce((sum, { tokens }) => sum + tokens, 0),
    outputTokens: Math.max(1, line.outputTokens),
  }
}

interface Ended {
  readonly turn: number
  /** Milliseconds since 1970. */
  readonly at: number
}

/** Asked about the requests of a session in the order of their arrival, says which one had ended last at that time. */
function createFollowing(): (line: DecisionLine, turn: number) => Ended | undefined {
  let running: Ended[] = []
  let last: Ended | undefined
  return (line, turn) => {
    for (const ended of running) if (ended.at <= line.at && ended.at >= (last?.at ?? 0)) last = ended
    running = running.filter(({ at }) => at > line.at)
    running.push({ turn, at: line.at + line.e2e })
    return last
  }
}
