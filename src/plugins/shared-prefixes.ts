import type { Candidate } from '../core/endpoint.ts'
import type { SchedulingRequest } from '../core/request.ts'
import { blockKeyNumber } from './recent-keys.ts'

/** Depths in blocks at which prompts are compared: every fourth up to 16, then four a doubling. */
const DEPTHS = [
  4, 8, 12, 16, 20, 24, 28, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 448, 512, 640, 768, 896,
  1024,
]
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
  const prefix = new SharedPrefixView()
  let total = 0
  return {
    none: prefix,
    look(request, candidates) {
      prefix.begin(request)
      for (let level = 0; level < DEPTHS.length && DEPTHS[level]! <= request.blocks.count; level++) {
        const depth = DEPTHS[level]!
        const others = counts.get(blockKeyNumber(request.blocks, depth - 1))
        if (others === undefined) break
        // Matches may be whole tokens where a block is not.
        const tokens = Math.floor(Math.min(request.promptTokens, depth * request.tokensPerBlock))
        prefix.add(tokens, others)
      }
      prefix.count(candidates, total)
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

/** What the last look has found. */
class SharedPrefixView implements SharedPrefix {
  dueTokens = 0
  dueSharing = 0
  #promptTokens = 0
  #levels = 0
  readonly #tokens = new Float64Array(DEPTHS.length)
  /** Part of the tokens between a level and the one before that falls to one more prompt. */
  readonly #part = new Float64Array(DEPTHS.length)
  readonly #others = new Float64Array(DEPTHS.length)
  readonly #holders = new Uint32Array(DEPTHS.length)

  begin({ promptTokens }: SchedulingRequest): void {
    this.#promptTokens = promptTokens
    this.#levels = this.dueTokens = this.dueSharing = 0
  }

  /** The first `tokens`, more than those before, are shared by so many others. */
  add(tokens: number, others: number): void {
    this.#tokens[this.#levels] = tokens
    this.#others[this.#levels] = others
    this.#holders[this.#levels] = 0
    this.#levels += 1
  }

  /** Counts who holds how much; `total` requests are in flight. */
  count(candidates: readonly Candidate<'matchedTokens'>[], total: number): void {
    if (this.#levels === 0) return
    for (let i = 0; i < candidates.length; i++) {
      const { matchedTokens } = candidates[i]!.signals
      let level = this.#levels - 1
      while (level >= 0 && this.#tokens[level]! > matchedTokens) level -= 1
      if (level >= 0) this.#holders[level]! += 1
    }
    let holding = 0
    for (let level = this.#levels - 1; level >= 0; level--) {
      holding += this.#holders[level]!
      const others = this.#others[level]!
      this.#part[level] = 1 / (1 + others / Math.max(1, holding))
      // The deepest level counts of which another copy is due.
      if (this.dueTokens > 0 || ((others + 1) / (total + 1)) * candidates.length < holding + SLACK) continue
      this.dueTokens = this.#tokens[level]!
      this.dueSharing = others
    }
  }

  newTokens(matchedTokens: number): number {
    let added = 0
    let upTo = 0
    for (let level = 0; level < this.#levels && this.#tokens[level]! <= matchedTokens; level++) {
      added += (this.#tokens[level]! - upTo) * this.#part[level]!
      upTo = this.#tokens[level]!
    }
    return added + this.#promptTokens - upTo
  }
}
