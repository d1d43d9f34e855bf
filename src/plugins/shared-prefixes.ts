import type { Candidate } from '../core/endpoint.ts'
import type { SchedulingRequest } from '../core/request.ts'
import { blockKeyNumber } from './recent-keys.ts'

/** Depths in blocks at which prompts are compared: two a doubling. */
const DEPTHS = [4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024]
/** A class may lack this much of an endpoint before it is given another copy. */
const SLACK = 0.5

/** What a prompt has in common with the prompts in flight, and who holds it. Reused: valid until the next look. */
export interface SharedPrefix {
  /** Leading tokens of which another copy is due; 0 for none. */
  readonly dueTokens: number
  /** Requests in flight that begin with them. */
  readonly dueSharing: number
  /** Tokens that the prompt adds to those in flight on an endpoint that holds `matchedTokens` of it. */
  newTokens(matchedTokens: number): number
}

/** Counts the prompts in flight by what they begin with. */
export interface SharedPrefixes {
  /** What there is before the first look. */
  readonly none: SharedPrefix
  look(request: SchedulingRequest, candidates: readonly Candidate<'matchedTokens'>[]): SharedPrefix
  add(request: SchedulingRequest): void
  remove(request: SchedulingRequest): void
}

/**
 * Creates a count of prompts in flight. Of a class of prompts, those that begin alike, `f` of the `F` in flight want `f / F`
 * of all endpoints; while fewer hold the common beginning, another copy is due. This is LMetric's rule for hot spots
 * (arXiv 2603.15202: stable while the share `x` of a class satisfies `x / (1 - x) <= holders / others`), on the load in
 * flight instead of a window of time: a class that sends one request after the other never needs a second copy.
 *
 * Tokens that several prompts share are held once: each of them counts its part of them.
 */
export function createSharedPrefixes(): SharedPrefixes {
  const counts = new Map<number, number>()
  let total = 0
  const sharing = new Float64Array(DEPTHS.length)
  const holders = new Float64Array(DEPTHS.length)
  let levels = 0
  let seen: SchedulingRequest | undefined

  const prefix = {
    dueTokens: 0,
    dueSharing: 0,
    newTokens(matchedTokens: number): number {
      if (seen === undefined) return 0
      let added = 0
      let upTo = 0
      for (let level = 0; level < levels; level++) {
        const tokens = DEPTHS[level]! * seen.tokensPerBlock
        if (tokens > matchedTokens) break
        added += (tokens - upTo) / (1 + sharing[level]! / Math.max(1, holders[level]!))
        upTo = tokens
      }
      return added + seen.promptTokens - upTo
    },
  }

  function countHolders(candidates: readonly Candidate<'matchedTokens'>[], tokens: number): number {
    let count = 0
    for (let i = 0; i < candidates.length; i++) if (candidates[i]!.signals.matchedTokens >= tokens) count += 1
    return count
  }

  return {
    none: prefix,
    look(request, candidates) {
      seen = request
      levels = 0
      prefix.dueTokens = prefix.dueSharing = 0
      while (levels < DEPTHS.length && DEPTHS[levels]! <= request.blocks.count) {
        const depth = DEPTHS[levels]!
        const others = counts.get(blockKeyNumber(request.blocks, depth - 1))
        if (others === undefined) break
        const tokens = depth * request.tokensPerBlock
        const holding = countHolders(candidates, tokens)
        sharing[levels] = others
        holders[levels] = holding
        levels += 1
        if (((others + 1) / (total + 1)) * candidates.length < holding + SLACK) continue
        prefix.dueTokens = Math.min(tokens, request.promptTokens)
        prefix.dueSharing = others
      }
      return prefix
    },
    add({ blocks }) {
      total += 1
      for (let level = 0; level < DEPTHS.length && DEPTHS[level]! <= blocks.count; level++) {
        const key = blockKeyNumber(blocks, DEPTHS[level]! - 1)
        counts.set(key, (counts.get(key) ?? 0) + 1)
      }
    },
    remove({ blocks }) {
      total -= 1
      for (let level = 0; level < DEPTHS.length && DEPTHS[level]! <= blocks.count; level++) {
        const key = blockKeyNumber(blocks, DEPTHS[level]! - 1)
        const left = (counts.get(key) ?? 0) - 1
        if (left > 0) counts.set(key, left)
        else counts.delete(key)
      }
    },
  }
}
