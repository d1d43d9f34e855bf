import { BLOCK_BYTES, type BlockKeys } from '../prefix/block-keys.ts'
import { BYTES_PER_TOKEN } from '../workload/synthesize-text.ts'
import type { PromptMessage, TextRun, Workload, WorkloadRequest, WorkloadSession } from '../workload/workload.ts'
import { cutKeys } from './cut-keys.ts'
import { PromptTree } from './prompt-tree.ts'

/** Tokens in one block of the router's keys. */
export const ROUTER_BLOCK_TOKENS = BLOCK_BYTES / BYTES_PER_TOKEN

/** The keys of a prompt's text blocks as the router sees them, with the number of the request they belong to. */
export class PromptKeys implements BlockKeys {
  readonly count: number
  readonly words: Uint32Array
  readonly request: number

  constructor({ count, words }: BlockKeys, request: number) {
    this.count = count
    this.words = words
    this.request = request
  }
}

/** Keys as those of a prepared workload; any others are a mistake. */
export function promptKeys(keys: BlockKeys): PromptKeys {
  if (keys instanceof PromptKeys) return keys
  throw new TypeError('expected the keys of a prepared workload, found others')
}

/** A request with its place among all requests of the workload. */
export interface PlannedRequest {
  readonly number: number
  /** Number of its session, and of that session's first request. */
  readonly session: number
  readonly sessionStart: number
  readonly recorded: WorkloadRequest
  /** Requests that wait for this one. */
  readonly followers: readonly number[]
  /** The answer as a later prompt repeats it; empty when none does. */
  readonly answer: readonly TextRun[]
}

/** What engines with one size of blocks see of a workload. */
export interface EnginePrompts {
  /** Keys of prompt and answer of every request. */
  readonly keys: readonly BlockKeys[]
  readonly tree: PromptTree
}

/**
 * A workload with everything that does not depend on the scenario computed once: requests in one list, their keys for
 * the router, and for engines of each block size.
 */
export class PreparedWorkload {
  readonly workload: Workload
  readonly requests: readonly PlannedRequest[]
  readonly promptKeys: readonly PromptKeys[]
  /** The prompts in the router's blocks. */
  readonly promptTree: PromptTree
  readonly #engines = new Map<number, EnginePrompts>()

  constructor(workload: Workload) {
    this.workload = workload
    const requests: PlannedRequest[] = []
    for (const [number, session] of workload.sessions.entries())
      requests.push(...plan(session, number, requests.length))
    this.requests = requests
    this.promptKeys = requests.map(
      (request) => new PromptKeys(keysOf(request.recorded, NO_ANSWER, 0, ROUTER_BLOCK_TOKENS), request.number),
    )
    this.promptTree = new PromptTree(this.promptKeys)
  }

  /** Computed at the first call for a block size. */
  enginePrompts(blockTokens: number): EnginePrompts {
    const known = this.#engines.get(blockTokens)
    if (known !== undefined) return known
    const keys = this.requests.map(({ recorded, answer }) =>
      keysOf(recorded, answer, answer.length === 0 ? 0 : recorded.outputTokens, blockTokens),
    )
    const made = { keys, tree: new PromptTree(keys) }
    this.#engines.set(blockTokens, made)
    return made
  }
}

const NO_ANSWER: readonly TextRun[] = []

const prepared = new WeakMap<Workload, PreparedWorkload>()

/** Prepares a workload, once for as long as somebody holds it. */
export function prepareWorkload(workload: Workload): PreparedWorkload {
  const known = prepared.get(workload)
  if (known !== undefined) return known
  const made = new PreparedWorkload(workload)
  prepared.set(workload, made)
  return made
}

function plan(session: WorkloadSession, number: number, first: number): PlannedRequest[] {
  const followers = session.requests.map((): number[] => [])
  const answers = session.requests.map(() => NO_ANSWER)
  for (const [place, request] of session.requests.entries()) {
    for (const before of request.after) followers[before]?.push(first + place)
    for (const message of request.messages)
      if (message.answerOf !== undefined) answers[message.answerOf] = message.parts
  }
  return session.requests.map((recorded, place) => ({
    number: first + place,
    session: number,
    sessionStart: first,
    recorded,
    followers: followers[place] ?? [],
    answer: answers[place] ?? NO_ANSWER,
  }))
}

interface CutPrompt {
  readonly answer: readonly TextRun[]
  readonly answerTokens: number
  readonly blockTokens: number
  readonly keys: BlockKeys
}

/** By the list of messages, which requests keep when their times are changed. */
const cut = new WeakMap<readonly PromptMessage[], CutPrompt[]>()

/** Keys of a request's prompt and of `answerTokens` tokens of its answer. */
function keysOf(
  { messages, promptTokens }: WorkloadRequest,
  answer: readonly TextRun[],
  answerTokens: number,
  blockTokens: number,
): BlockKeys {
  let known = cut.get(messages)
  if (known === undefined) cut.set(messages, (known = []))
  for (const entry of known) {
    if (entry.blockTokens === blockTokens && entry.answerTokens === answerTokens && entry.answer === answer) {
      return entry.keys
    }
  }
  const runs = [...messages.flatMap(({ parts }) => parts), ...answer]
  const keys = cutKeys(runs, promptTokens + answerTokens, blockTokens)
  known.push({ answer, answerTokens, blockTokens, keys })
  return keys
}
