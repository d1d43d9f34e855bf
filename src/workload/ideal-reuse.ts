import type { Workload, WorkloadRequest } from './workload.ts'

/** Prompt tokens of a workload and how many of them a cache that forgets nothing would hold when they arrive. */
export interface IdealReuse {
  readonly promptTokens: number
  readonly cachedTokens: number
  /** `cachedTokens / promptTokens`, 0 for an empty workload. */
  readonly share: number
}

const IDS = 2 ** 27

/**
 * The share of prompt tokens that one endless cache would serve: the bound for every router and every engine.
 * Block ids are walked as a tree of prefixes; a block shorter than the one seen before counts as far as both go.
 * Answers count as their stand-ins, and what a chat template adds is left out.
 */
export function idealReuse(workload: Workload): IdealReuse {
  const children = new Map<number, number>()
  const lengths: number[] = [0]
  let promptTokens = 0
  let cachedTokens = 0
  for (const session of workload.sessions) {
    for (const request of session.requests) {
      promptTokens += request.promptTokens
      cachedTokens += insert(request, children, lengths)
    }
  }
  return { promptTokens, cachedTokens, share: promptTokens === 0 ? 0 : cachedTokens / promptTokens }
}

/** Adds a prompt to the tree and returns the tokens that were there before. */
function insert(request: WorkloadRequest, children: Map<number, number>, lengths: number[]): number {
  let node = 0
  let cached = 0
  for (const message of request.messages) {
    for (const run of message.parts) {
      let left = run.tokens
      for (const id of run.ids) {
        const tokens = Math.min(run.unit, left)
        left -= tokens
        const key = node * IDS + id
        let child = children.get(key)
        if (child === undefined) {
          child = lengths.length
          children.set(key, child)
          lengths.push(tokens)
        } else {
          const known = lengths[child] ?? 0
          cached += Math.min(known, tokens)
          if (tokens > known) lengths[child] = tokens
        }
        node = child
      }
    }
  }
  return cached
}
